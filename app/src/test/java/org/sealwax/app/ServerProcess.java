package org.sealwax.app;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * {@code sealwax serve} or {@code policyd} in a process of its own, for tests of signals and of its
 * end.
 */
final class ServerProcess implements AutoCloseable {
  private static final Pattern PLACE = Pattern.compile("listens at 127\\.0\\.0\\.1:(\\d+)");

  /** Seconds. A start takes two on an idle machine; one that ended is noticed at once. */
  private static final int PATIENCE = 180;

  private final Process process;
  private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();
  private final List<String> transcript = new CopyOnWriteArrayList<>();
  private final int port;

  /** Starts {@code sealwax serve} and waits until it listens. */
  ServerProcess(Path configuration, Map<String, String> environment) throws Exception {
    this(List.of(), List.of("serve", "--config", configuration.toString()), environment, PLACE);
  }

  /**
   * The same with at most so many file descriptors. Runs from jars, which stay open, as it is
   * installed: a class out of a folder takes a descriptor of its own when it is loaded.
   *
   * @param folder for the jars
   */
  static ServerProcess withDescriptors(int most, Path configuration, Path folder) throws Exception {
    List<String> classPath = new ArrayList<>();
    for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
      Path path = Path.of(entry);
      classPath.add(
          Files.isDirectory(path)
              ? jar(path, folder.resolve("classes-" + classPath.size() + ".jar")).toString()
              : entry);
    }
    return new ServerProcess(
        List.of(
            "/bin/sh",
            "-c",
            "export CLASSPATH=\"$0\"; ulimit -n " + most + " && exec \"$@\"",
            String.join(File.pathSeparator, classPath)),
        withoutClassPath(command(List.of("serve", "--config", configuration.toString()))),
        PLACE);
  }

  private static List<String> withoutClassPath(List<String> command) {
    List<String> rest = new ArrayList<>(command);
    int at = rest.indexOf("-cp");
    rest.subList(at, at + 2).clear();
    return rest;
  }

  private static Path jar(Path classes, Path jar) throws IOException {
    try (ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(jar));
        Stream<Path> all = Files.walk(classes)) {
      out.setLevel(0);
      for (Path file : all.filter(Files::isRegularFile).toList()) {
        out.putNextEntry(new ZipEntry(classes.relativize(file).toString()));
        Files.copy(file, out);
        out.closeEntry();
      }
    }
    return jar;
  }

  /** The output of a command that ends by itself. */
  record ProcessResult(int code, String out, String err) {}

  /** Runs {@code sealwax} with these words to its end. */
  static ProcessResult run(Path configuration, String command, String... words) throws Exception {
    Path err = Files.createTempFile("sealwax-test", ".err");
    try {
      List<String> all = command(List.of(command, "--config", configuration.toString()));
      all.addAll(List.of(words));
      Process process = new ProcessBuilder(all).redirectError(err.toFile()).start();
      byte[] out = process.getInputStream().readAllBytes();
      if (!process.waitFor(PATIENCE, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        throw new AssertionError("it did not end");
      }
      return new ProcessResult(
          process.exitValue(), new String(out, StandardCharsets.UTF_8), Files.readString(err));
    } finally {
      Files.delete(err);
    }
  }

  /** The program in a process of its own, with these words. */
  static List<String> command(List<String> words) {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx128m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName()));
    command.addAll(words);
    return command;
  }

  private ServerProcess(
      List<String> before, List<String> words, Map<String, String> environment, Pattern place)
      throws Exception {
    this(before, command(words), place, environment);
  }

  private ServerProcess(List<String> before, List<String> command, Pattern place) throws Exception {
    this(before, command, place, Map.of());
  }

  private ServerProcess(
      List<String> before, List<String> program, Pattern place, Map<String, String> environment)
      throws Exception {
    List<String> command = new ArrayList<>(signalDefaults());
    command.addAll(before);
    command.addAll(program);
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.redirectErrorStream(true);
    builder.environment().putAll(environment);
    process = builder.start();
    // A virtual thread would wait for those of other tests in this JVM, which hold their carriers.
    Thread.ofPlatform().daemon().name("output of " + process.pid()).start(this::read);
    try {
      port = port(place);
    } catch (AssertionError | InterruptedException e) {
      // No other process can end it, and the next one would find its store locked.
      close();
      throw e;
    }
  }

  /**
   * What gives a process the default of SIGHUP again where this one ignores it, as below nohup: it
   * would inherit that, and Java leaves an ignored signal ignored.
   */
  private static List<String> signalDefaults() throws IOException {
    String status = Files.readString(Path.of("/proc/self/status"));
    Matcher ignored = Pattern.compile("SigIgn:\\s+\\p{XDigit}*(\\p{XDigit})\\b").matcher(status);
    boolean isHangUpIgnored =
        ignored.find() && (Character.digit(ignored.group(1).charAt(0), 16) & 1) != 0;
    return isHangUpIgnored ? List.of("/usr/bin/env", "--default-signal=HUP") : List.of();
  }

  /** Starts {@code sealwax policyd} with these further words and waits until it serves. */
  static ServerProcess policyd(Path configuration, String... words) throws Exception {
    List<String> all =
        new ArrayList<>(
            List.of("policyd", "--config", configuration.toString(), "--listen", "127.0.0.1:0"));
    all.addAll(List.of(words));
    return new ServerProcess(
        List.of(), all, Map.of(), Pattern.compile("serves socketmap:inet:127\\.0\\.0\\.1:(\\d+)"));
  }

  /** The port in the next line of its output that has this. */
  int port(Pattern place) throws InterruptedException {
    String text = place.pattern();
    Matcher found = place.matcher(line(text.substring(0, text.indexOf(' '))));
    if (!found.find()) {
      throw new AssertionError("no port was told");
    }
    return Integer.parseInt(found.group(1));
  }

  private void read() {
    try (BufferedReader out =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
      out.lines()
          .forEach(
              line -> {
                transcript.add(line);
                lines.add(line);
              });
    } catch (IOException | UncheckedIOException e) {
      // It is gone, which the test sees by its exit code.
    }
  }

  int port() {
    return port;
  }

  /** Waits for the next line of its output that contains {@code part}. */
  String line(String part) throws InterruptedException {
    StringBuilder before = new StringBuilder();
    for (int waited = 0; ; ) {
      boolean alive = process.isAlive();
      String line = lines.poll(1, TimeUnit.SECONDS);
      if (line == null && alive && ++waited < PATIENCE) {
        continue;
      }
      if (line == null) {
        throw new AssertionError("it never said \"" + part + "\", but\n" + before);
      }
      before.append(line).append('\n');
      if (line.contains(part)) {
        return line;
      }
    }
  }

  boolean isAlive() {
    return process.isAlive();
  }

  long pid() {
    return process.pid();
  }

  /** Its whole output, that of before it listened too. */
  String output() {
    return String.join("\n", transcript);
  }

  /** Sends a signal by the name that kill(1) knows. */
  void signal(String name) throws Exception {
    int code =
        new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).start().waitFor();
    if (code != 0) {
      throw new AssertionError("kill said " + code);
    }
  }

  /** Waits for its end; the exit code. */
  int end() throws InterruptedException {
    if (!process.waitFor(PATIENCE, TimeUnit.SECONDS)) {
      throw new AssertionError("it did not end");
    }
    return process.exitValue();
  }

  @Override
  public void close() {
    process.destroyForcibly();
    process.onExit().join();
  }
}
