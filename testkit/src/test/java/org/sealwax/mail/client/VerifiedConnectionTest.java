package org.sealwax.mail.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.jar.JarFile;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.tls.Identity;
import org.sealwax.mail.tls.verdict.Pins;
import org.sealwax.testkit.tls.TestCa;
import org.sealwax.testkit.zone.LoopbackResolver;
import org.sealwax.testkit.zone.Zone;

/**
 * The program under {@code examples/}: compiled and run by Java's source launcher with the module
 * {@code org.sealwax.mail} and its dependencies on the module path, and nothing else.
 */
final class VerifiedConnectionTest {
  private static final Path EXAMPLE = Path.of("examples/VerifiedConnection.java");

  /** Every artifact that {@code requires} of the module leads to. */
  private static final List<String> DEPENDENCIES =
      List.of(
          "jspecify",
          "slf4j-api",
          "netty-",
          "dnsjava",
          "caffeine",
          "error_prone_annotations",
          "jackson-",
          "bcpkix",
          "bcprov",
          "bcutil",
          "icu4j");

  @TempDir static Path folder = Path.of("");
  private static String modulePath = "";

  @BeforeAll
  static void findModules() throws Exception {
    List<String> path = new ArrayList<>();
    List<String> classPath =
        Arrays.asList(System.getProperty("java.class.path", "").split(File.pathSeparator));
    for (String entry : classPath) {
      String name = Path.of(entry).getFileName().toString();
      if (DEPENDENCIES.stream().anyMatch(name::startsWith)) {
        path.add(entry);
      }
    }
    path.addFirst(mailModule(String.join(File.pathSeparator, path)).toString());
    modulePath = String.join(File.pathSeparator, path);
  }

  /** The module as built, or made of its classes where they were compiled without descriptor. */
  private static Path mailModule(String dependencies) throws Exception {
    Path built =
        Path.of(SmtpClient.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    if (hasDescriptor(built)) {
      return built;
    }
    Path made = folder.resolve("mail");
    Path classes = built.resolve("org/sealwax/mail");
    try (Stream<Path> all = Files.walk(classes)) {
      for (Path file : all.filter(Files::isRegularFile).toList()) {
        Path to = made.resolve(built.relativize(file));
        Files.createDirectories(to.getParent());
        Files.copy(file, to);
      }
    }
    Run javac =
        run(
            "javac",
            List.of(
                "-d", made.toString(), "-p", dependencies, "mail/src/main/java/module-info.java"));
    assertEquals(0, javac.status(), javac.toString());
    return made;
  }

  private static boolean hasDescriptor(Path built) throws IOException {
    if (Files.isDirectory(built)) {
      return Files.exists(built.resolve("module-info.class"));
    }
    try (JarFile jar = new JarFile(built.toFile())) {
      return jar.getEntry("module-info.class") != null;
    }
  }

  /** How a process ended. */
  private record Run(int status, String out, String errors) {}

  private static Run run(String tool, List<String> arguments) throws Exception {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home", ""), "bin", tool).toString());
    command.addAll(arguments);
    Path out = Files.createTempFile(folder, "out", "");
    Path errors = Files.createTempFile(folder, "err", "");
    Process process =
        new ProcessBuilder(command)
            .redirectOutput(out.toFile())
            .redirectError(errors.toFile())
            .start();
    if (!process.waitFor(120, TimeUnit.SECONDS)) {
      process.destroyForcibly();
      throw new AssertionError(tool + " takes too long: " + read(errors));
    }
    return new Run(process.exitValue(), read(out), read(errors));
  }

  private static String read(Path file) {
    try {
      return Files.readString(file, StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Run launch(Path source, String... arguments) throws Exception {
    List<String> all =
        new ArrayList<>(
            List.of(
                "-XX:TieredStopAtLevel=1",
                "-p",
                modulePath,
                "--add-modules",
                "org.sealwax.mail",
                source.toString()));
    all.addAll(List.of(arguments));
    return run("java", all);
  }

  @Test
  @Tag("long")
  void itVerifiesTheHostByDaneAndSendsNoMail() throws Exception {
    Identity identity = TestCa.selfSigned("mx.example.org");
    String key = Pins.of(identity.chain().getFirst()).hex();
    try (TestMailHost host = new TestMailHost(identity);
        LoopbackResolver dns =
            LoopbackResolver.start(
                Clock.system(),
                Zone.of(
                        "example.org",
                        "@ MX 10 mx\nmx A 127.0.0.1\n"
                            + ("_" + host.port() + "._tcp.mx TLSA 3 1 1 " + key))
                    .signed())) {
      Run run =
          launch(
              EXAMPLE,
              "example.org",
              String.valueOf(dns.address().getPort()),
              String.valueOf(host.port()),
              dns.anchors().getFirst());
      assertEquals(
          """
          host: mx.example.org, MX SECURE
          requirement: dane, because [dane: TLSA records at mx.example.org (1 usable), default may]
          verdict: verified(tlsa 3 1 1 %s…), TLSv1.3
          decision: Proceed[downgrade=false]
          """
              .formatted(key.substring(0, 12)),
          run.out(),
          run.toString());
      assertEquals(0, run.status(), run.toString());
      host.awaitQuit();
      assertEquals(List.of("EHLO", "STARTTLS", "EHLO", "QUIT"), host.commands());
    }
  }

  @Test
  @Tag("long")
  void packagesThatAreNotExportedCannotBeUsed() throws Exception {
    for (String internal :
        List.of(
            "cli.Terminal",
            "dns.live.CachingResolver",
            "dns.validate.DnssecValidator",
            "tls.wire.ClientHello")) {
      Path source = folder.resolve("Internal.java");
      Files.writeString(
          source,
          "class Internal { public static void main(String[] a) {"
              + (" System.out.println(org.sealwax.mail." + internal + ".class); } }"));
      Run run = launch(source);
      assertNotEquals(0, run.status(), internal);
      assertTrue(run.errors().contains("does not export it"), run.toString());
    }
  }

  @Test
  void theExampleIsShort() throws IOException {
    assertTrue(Files.readAllLines(EXAMPLE).size() <= 50);
  }
}
