package org.sealwax.router.reports;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.sealwax.mail.json.Json;
import org.sealwax.mail.net.RegularFile;
import org.sealwax.mail.tlsrpt.TlsReport;
import org.sealwax.mail.tlsrpt.TlsReportJson;
import org.sealwax.router.store.StateFiles;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The reports of one period, each a JSON object in a line, in a file that is replaced as a whole:
 * after a crash the last minute's sessions are not counted, and nothing else is lost.
 *
 * @param path where
 * @param begin of the period
 */
record SessionCountFile(Path path, Instant begin) {
  private static final Pattern NAME = Pattern.compile("sessions-(\\d{1,12})\\.jsonl");

  /** Bytes of a file that is read: the most domains, each with a long report. */
  private static final long MAX_FILE = 256L << 20;

  private static final String REPORT = "report";
  private static final String HANDED_OVER = "handed-over";

  static SessionCountFile of(Path folder, Instant begin) {
    return new SessionCountFile(
        folder.resolve("sessions-" + begin.getEpochSecond() + ".jsonl"), begin);
  }

  /** All of a folder, the oldest first. */
  static List<SessionCountFile> in(Path folder) throws IOException {
    List<SessionCountFile> found = new ArrayList<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
      for (Path file : files) {
        Matcher name = NAME.matcher(file.getFileName().toString());
        if (name.matches()) {
          found.add(
              new SessionCountFile(file, Instant.ofEpochSecond(Long.parseLong(name.group(1)))));
        }
      }
    }
    found.sort((a, b) -> a.begin().compareTo(b.begin()));
    return found;
  }

  /**
   * A report that is to be sent.
   *
   * @param handedOver addresses that have it already: what another one refused is retried alone
   */
  record Due(TlsReport report, Set<String> handedOver) {
    /** Copies. */
    Due {
      handedOver = Set.copyOf(handedOver);
    }

    /** One that no domain has. */
    static Due toAll(TlsReport report) {
      return new Due(report, Set.of());
    }

    private byte[] line() {
      ObjectNode line = Json.object();
      line.set(REPORT, TlsReportJson.object(report));
      ArrayNode addresses = line.putArray(HANDED_OVER);
      handedOver.stream().sorted().forEach(addresses::add);
      return (Json.line(line) + "\n").getBytes(StandardCharsets.UTF_8);
    }

    private static Optional<Due> read(String line) {
      if (line.length() > TlsReportJson.MAX_BYTES) {
        return Optional.empty();
      }
      // In version 0.1 a line was the report, and the addresses after it, each after a tab.
      String[] parts = line.split("\t", -1);
      JsonNode root;
      try {
        root = Json.readForeign(parts[0].getBytes(StandardCharsets.UTF_8));
      } catch (JacksonException | StackOverflowError e) {
        return Optional.empty();
      }
      Set<String> addresses = new HashSet<>(List.of(parts).subList(1, parts.length));
      root.path(HANDED_OVER).values().forEach(address -> addresses.add(address.asString("")));
      return TlsReportJson.read(root.path(REPORT).isObject() ? root.path(REPORT) : root)
          .map(report -> new Due(report, addresses));
    }
  }

  /** Lines that are not reports are left out. */
  List<Due> read() throws IOException {
    if (!Files.exists(path) || Files.size(path) > MAX_FILE) {
      return List.of();
    }
    List<Due> reports = new ArrayList<>();
    try (BufferedReader lines =
        new BufferedReader(new InputStreamReader(RegularFile.open(path), StandardCharsets.UTF_8))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        Due.read(line).ifPresent(reports::add);
      }
    }
    return reports;
  }

  void write(List<Due> reports) throws IOException {
    StateFiles.replace(
        path,
        out -> {
          for (Due due : reports) {
            out.write(due.line());
          }
        });
  }

  void delete() throws IOException {
    Files.deleteIfExists(path);
  }
}
