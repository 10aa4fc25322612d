package org.sealwax.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code sealwax survey} in a process of its own, which is killed and started again. */
@Tag("process")
@Tag("long")
final class SurveyKillTest {
  private static final Pattern LINE = Pattern.compile("\\{\"line\":(\\d+),.*}");
  private static final int TARGETS = 600;
  private static final int KILLS = 2;

  /** Targets visited at a time. */
  private static final int VISITS = 8;

  @TempDir Path folder = Path.of(".");

  private Process survey(Path list) throws IOException {
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx128m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            System.getProperty("java.class.path"),
            Main.class.getName(),
            "survey",
            list.toString(),
            "--out",
            folder.resolve("out").toString(),
            "--state",
            folder.resolve("state").toString(),
            "--pause",
            "0",
            "--visits",
            "" + VISITS,
            "--no-dnssec",
            "--dns",
            "127.0.0.1:9",
            "--ehlo",
            "probe.example",
            "--allow-private")
        .redirectErrorStream(true)
        .redirectOutput(folder.resolve("said").toFile())
        .start();
  }

  private long written() throws IOException {
    Path out = folder.resolve("out");
    try (var lines = Files.lines(out)) {
      return Files.exists(out) ? lines.count() : 0;
    } catch (java.nio.file.NoSuchFileException e) {
      return 0;
    }
  }

  /**
   * Servers that accept connections and send nothing: a survey reaches them and gets no further.
   */
  private static List<ServerSocket> silent(int number) throws IOException {
    List<ServerSocket> listeners = new ArrayList<>();
    for (int i = 0; i < VISITS; i++) {
      int third = 200 + number * VISITS + i;
      listeners.add(new ServerSocket(0, 50, InetAddress.ofLiteral("127.41." + third + ".1")));
    }
    return listeners;
  }

  /**
   * Most of the targets have no listener; a third and two thirds down the list all visits wait for
   * a silent host. There it is killed, once each.
   */
  @Test
  void aKilledSurveyContinuesWithNoLineRepeatedOrLost() throws Exception {
    int closed;
    try (ServerSocket listener = new ServerSocket(0, 1, InetAddress.ofLiteral("127.41.0.1"))) {
      closed = listener.getLocalPort();
    }
    List<String> targets = new ArrayList<>();
    for (int i = 0; i < TARGETS; i++) {
      targets.add(i % 250 == 249 ? "not a domain" : "127.41." + i % 200 + ".1:" + closed);
    }
    List<List<ServerSocket>> listeners = new ArrayList<>();
    try {
      for (int kill = 0; kill < KILLS; kill++) {
        List<ServerSocket> here = silent(kill);
        listeners.add(here);
        for (int i = 0; i < here.size(); i++) {
          ServerSocket listener = here.get(i);
          targets.set(
              (kill + 1) * TARGETS / (KILLS + 1) + i,
              listener.getInetAddress().getHostAddress() + ":" + listener.getLocalPort());
        }
      }
      Path list = Files.write(folder.resolve("list"), targets);
      for (int kill = 0; kill < KILLS; kill++) {
        Process process = survey(list);
        long enough = (kill + 1L) * TARGETS / (KILLS + 1) - VISITS;
        while (process.isAlive() && written() < enough) {
          process.waitFor(30, TimeUnit.MILLISECONDS);
        }
        assertTrue(process.isAlive(), "it was over before it was killed: " + output());
        process.destroyForcibly().waitFor();
        close(listeners.get(kill));
      }
      finish(list);
    } finally {
      for (List<ServerSocket> all : listeners) {
        close(all);
      }
    }
  }

  private static void close(List<ServerSocket> listeners) throws IOException {
    for (ServerSocket listener : listeners) {
      listener.close();
    }
  }

  private void finish(Path list) throws Exception {
    Process last = survey(list);
    try {
      assertTrue(last.waitFor(60, TimeUnit.SECONDS), "it does not end");
    } finally {
      last.destroyForcibly();
    }
    TreeMap<Integer, Integer> seen = new TreeMap<>();
    for (String line : Files.readAllLines(folder.resolve("out"))) {
      Matcher whole = LINE.matcher(line);
      assertTrue(whole.matches(), "no whole line: " + line);
      seen.merge(Integer.valueOf(whole.group(1)), 1, Integer::sum);
    }
    seen.forEach((line, times) -> assertEquals(1, times, "line " + line));
    assertEquals(TARGETS, seen.size(), output());
    assertTrue(output().contains("done before"), output());
  }

  private String output() throws IOException {
    return Files.readString(folder.resolve("said"));
  }
}
