package org.sealwax.testkit.zone;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;

/**
 * What other people's validators make of our authority: Unbound as a resolver that iterates to it,
 * BIND's delv, Knot's kdig. The zone is delegated by a trust anchor, as a parent's DS would do.
 */
final class OtherValidatorsTest {
  /** Where Unbound answers: of its own, too, as no port is free for both UDP and TCP for sure. */
  private static final String RESOLVER = "127.53.12.61";

  /** Of its own: resolvers follow the NS records to port 53, whatever port they were sent to. */
  private static final InetAddress SERVER = InetAddress.ofLiteral("127.53.12.60");

  private static final int PORT = 53;

  @TempDir private static Path folder = Path.of("");
  private static AuthoritativeServer authority = none();
  private static String ds = "";
  private static Process unbound = nothing();

  private static AuthoritativeServer none() {
    return new AuthoritativeServer(settings(), key(), Clock.system(), RandomSource.secure());
  }

  private static Process nothing() {
    try {
      return new ProcessBuilder("true").start();
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private static StoredZoneKey key() {
    try {
      Path file = Files.createTempFile("sealwax-key", "");
      Files.delete(file);
      StoredZoneKey key = StoredZoneKey.open(file, "lab.example");
      Files.delete(file);
      return key;
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private static AuthoritativeServerSettings settings() {
    return new AuthoritativeServerSettings(
        "lab.example",
        List.of(new InetSocketAddress(SERVER, PORT)),
        List.of("ns1.lab.example"),
        AuthoritativeServerSettings.RATE);
  }

  @BeforeAll
  static void start() throws IOException, InterruptedException {
    for (String tool : List.of("/usr/sbin/unbound", "/usr/bin/delv", "/usr/bin/kdig")) {
      boolean there = Files.isExecutable(Path.of(tool));
      assertTrue(there || System.getenv("CI") == null, "CI has " + tool);
      assumeTrue(there, tool + " is not installed");
    }
    StoredZoneKey key = StoredZoneKey.open(folder.resolve("key"), "lab.example");
    ds = key.ds();
    try {
      authority = AuthoritativeServer.start(settings(), key, Clock.system(), RandomSource.secure());
    } catch (IOException e) {
      // Outside CI the user of the tests might lack the right to use port 53.
      assumeTrue(System.getenv("CI") != null, "port 53 needs privileges here: " + e.getMessage());
      throw e;
    }
    authority.add(
        List.of(
            Zone.of("lab.example", "ns1 A 127.53.12.60\n@ A 192.0.2.1\n_25._tcp.mx TXT here\n")
                .signed(ZoneSigning.WHITE_LIES),
            Zone.of("tok.lab.example", "mx A 192.0.2.2\n").signed(),
            Zone.of("a1.tok.lab.example", "@ MX 10 mx\nmx A 192.0.2.3\n"),
            Zone.of("e1.tok.lab.example", "@ MX 10 mx\nmx A 192.0.2.4\n").signed(ZoneSigning.NSEC3),
            Zone.of("e14.tok.lab.example", "@ MX 10 mx\nmx A 192.0.2.5\n")
                .signed(ZoneSigning.WRONG)));
    Path config = folder.resolve("unbound.conf");
    Files.writeString(
        config,
        """
        server:
          interface: %s@53
          do-daemonize: no
          use-syslog: no
          username: ""
          chroot: ""
          directory: "%s"
          pidfile: ""
          do-not-query-localhost: no
          module-config: "validator iterator"
          trust-anchor: "%s"
          qname-minimisation: yes
          harden-below-nxdomain: yes
          aggressive-nsec: yes
          num-threads: 1
          msg-cache-size: 1m
          rrset-cache-size: 1m
        remote-control:
          control-enable: no
        stub-zone:
          name: "lab.example"
          stub-addr: 127.53.12.60@53
        """
            .formatted(RESOLVER, folder, ds));
    unbound =
        new ProcessBuilder("/usr/sbin/unbound", "-d", "-c", config.toString())
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("log").toFile())
            .start();
    boolean answers = false;
    for (int i = 0; i < 1_000 && !answers; i++) {
      assertFalse(unbound.waitFor(10, TimeUnit.MILLISECONDS), () -> "Unbound ended: " + output());
      try (Socket _ = new Socket(RESOLVER, 53)) {
        answers = true;
      } catch (ConnectException e) {
        // Not yet.
      }
    }
    assertTrue(answers, OtherValidatorsTest::output);
  }

  private static String output() {
    try {
      return Files.readString(folder.resolve("log"));
    } catch (IOException e) {
      return e.toString();
    }
  }

  @AfterAll
  static void stop() throws IOException, InterruptedException {
    unbound.destroy();
    assertTrue(unbound.waitFor(60, TimeUnit.SECONDS));
    authority.close();
  }

  private static String run(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertTrue(process.waitFor(20, TimeUnit.SECONDS));
    return out;
  }

  /** Through Unbound. */
  private static String kdig(String name, String type) throws IOException, InterruptedException {
    return run("kdig", "@" + RESOLVER, "+dnssec", "+time=5", "+retry=2", name, type);
  }

  private static void assertOutput(String status, boolean secure, String name, String type)
      throws IOException, InterruptedException {
    String out = kdig(name, type);
    assertTrue(out.contains("status: " + status), name + " " + type + "\n" + out);
    assertEquals(secure, out.contains(" ad;"), name + " " + type + "\n" + out);
  }

  @Test
  void unboundValidatesExistingNames() throws IOException, InterruptedException {
    assertOutput("NOERROR", true, "lab.example", "A");
    assertOutput("NOERROR", true, "mx.tok.lab.example", "A");
    assertOutput("NOERROR", true, "e1.tok.lab.example", "MX");
    assertOutput("NOERROR", true, "tok.lab.example", "NS");
    assertOutput("NOERROR", true, "tok.lab.example", "DS");
  }

  @Test
  void unboundValidatesWhiteLies() throws IOException, InterruptedException {
    for (int i = 0; i < 5; i++) {
      assertOutput("NXDOMAIN", true, "none" + i + ".lab.example", "A");
      assertOutput("NXDOMAIN", true, "x.y.none" + i + ".lab.example", "TLSA");
    }
    assertOutput("NOERROR", true, "lab.example", "TLSA");
    assertOutput("NOERROR", true, "_tcp.mx.lab.example", "A");
    assertOutput("NOERROR", true, "_25._tcp.mx.lab.example", "TLSA");
    // Aggressive use of what was denied (RFC 8198) must not hide what exists.
    assertOutput("NOERROR", true, "ns1.lab.example", "A");
    assertOutput("NOERROR", true, "mx.tok.lab.example", "A");
  }

  @Test
  void unboundFindsUnsignedAndBrokenDelegations() throws IOException, InterruptedException {
    assertOutput("NOERROR", false, "a1.tok.lab.example", "MX");
    assertOutput("NXDOMAIN", false, "none.a1.tok.lab.example", "A");
    assertOutput("NOERROR", true, "a1.tok.lab.example", "DS");
    assertOutput("SERVFAIL", false, "e14.tok.lab.example", "MX");
    assertOutput("NXDOMAIN", true, "none.tok.lab.example", "A");
    assertOutput("NXDOMAIN", true, "none.e1.tok.lab.example", "A");
  }

  @Test
  void delvValidatesFromTheTrustAnchorOn() throws IOException, InterruptedException {
    Path anchors = folder.resolve("anchors");
    String[] words = ds.split(" ");
    int at = List.of(words).indexOf("DS");
    Files.writeString(
        anchors,
        "trust-anchors { \"lab.example.\" static-ds %s %s %s \"%s\"; };\n"
            .formatted(words[at + 1], words[at + 2], words[at + 3], words[at + 4]));
    for (String name : List.of("lab.example", "mx.tok.lab.example", "none.lab.example")) {
      String out =
          run("delv", "@" + RESOLVER, "-a", anchors.toString(), "+root=lab.example", name, "A");
      boolean there = !name.startsWith("none");
      assertTrue(
          out.contains(there ? "; fully validated" : "; negative response, fully validated"), out);
    }
  }

  @Test
  void kdigExchangesCookies() throws IOException, InterruptedException {
    String out = run("kdig", "@127.53.12.60", "+dnssec", "+cookie", "+norec", "lab.example", "SOA");
    assertTrue(out.contains("Flags: qr aa;"), out);
    assertTrue(out.matches("(?s).*COOKIE: [0-9A-Fa-f]{16}01000000.*"), out);
    String refused = run("kdig", "@127.53.12.60", "lab.example", "AXFR");
    assertTrue(refused.contains("REFUSED"), refused);
  }
}
