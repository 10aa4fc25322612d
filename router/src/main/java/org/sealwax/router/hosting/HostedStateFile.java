package org.sealwax.router.hosting;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.json.Json;
import org.sealwax.mail.net.RegularFile;
import org.sealwax.mail.sts.StsPolicy;
import org.sealwax.router.hosting.HostedState.GradedAssessment;
import org.sealwax.router.store.StateFiles;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The files with the states, one for each domain, in a folder of the state folder. After a crash a
 * file has the former state or the new one. Readable without a running server.
 */
public final class HostedStateFile {
  /** The folder, in the state folder. */
  public static final String FOLDER = "mta-sts";

  private static final String END = ".json";

  /** Fifty policies with a hundred hosts of the longest names, and as many entries of hosts. */
  private static final int MAX_FILE = 2 << 20;

  private HostedStateFile() {}

  /**
   * {@return the stored state of a domain; empty when there is none}
   *
   * @param stateFolder the state folder of the router
   * @throws IOException when it cannot be read, or is damaged
   */
  public static Optional<HostedState> read(Path stateFolder, Domain domain) throws IOException {
    Path file = stateFolder.resolve(FOLDER).resolve(domain + END);
    try {
      return Optional.of(
          state(domain, Json.read(RegularFile.text(file, StandardCharsets.UTF_8, MAX_FILE))));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (JacksonException | DateTimeException | IllegalArgumentException e) {
      throw new IOException(file + " is damaged; restore it from a backup, or delete it", e);
    }
  }

  /**
   * {@return the domains that have a state}
   *
   * @throws IOException when the folder cannot be read
   */
  public static List<Domain> domains(Path stateFolder) throws IOException {
    Path folder = stateFolder.resolve(FOLDER);
    List<Domain> domains = new ArrayList<>();
    if (Files.isDirectory(folder)) {
      try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, "*" + END)) {
        for (Path file : files) {
          String name = String.valueOf(file.getFileName());
          Domain.parse(name.substring(0, name.length() - END.length())).ifPresent(domains::add);
        }
      }
    }
    return domains;
  }

  /** Stores a state; it is on stable storage when this returns. */
  static void write(Path stateFolder, HostedState state) throws IOException {
    Path folder = stateFolder.resolve(FOLDER);
    StateFiles.ownFolder(folder);
    StateFiles.replace(
        folder.resolve(state.domain() + END), out -> out.write(Json.bytes(json(state))));
    StateFiles.sync(folder);
  }

  private static HostedState state(Domain domain, JsonNode document) {
    SortedMap<Domain, ListedHost> hosts = new TreeMap<>();
    for (JsonNode host : document.path("hosts")) {
      hosts.put(
          Domain.of(host.path("name").asString("")),
          new ListedHost(
              needed(host, "seen"),
              time(host, "listed"),
              time(host, "safe"),
              host.path("published").asBoolean(false),
              time(host, "released")));
    }
    List<ServedPolicy> policies = new ArrayList<>();
    for (JsonNode policy : document.path("policies")) {
      policies.add(
          new ServedPolicy(
              policy.path("id").asString(""),
              policy.path("text").asString(""),
              needed(policy, "since"),
              time(policy, "announced")));
    }
    List<GradedAssessment> assessments = new ArrayList<>();
    for (JsonNode each : document.path("assessments")) {
      assessments.add(
          new GradedAssessment(
              needed(each, "at"),
              each.path("grade").asString(""),
              each.path("good").asBoolean(false)));
    }
    List<String> problems = new ArrayList<>();
    document.path("problems").forEach(each -> problems.add(each.asString("")));
    return new HostedState(
        domain,
        StsPolicy.Mode.valueOf(document.path("mode").asString("")),
        needed(document, "mode_since"),
        LocalDate.parse(document.path("mode_day").asString("")),
        hosts,
        policies,
        Optional.of(document.path("published").asString("")).filter(id -> !id.isEmpty()),
        Duration.parse(document.path("record_ttl").asString("")),
        Duration.parse(document.path("mx_ttl").asString("")),
        time(document, "looked_up"),
        problems,
        assessments);
  }

  private static Instant needed(JsonNode document, String name) {
    return Instant.parse(document.path(name).asString(""));
  }

  private static Optional<Instant> time(JsonNode document, String name) {
    String text = document.path(name).asString("");
    return text.isEmpty() ? Optional.empty() : Optional.of(Instant.parse(text));
  }

  private static ObjectNode json(HostedState state) {
    ObjectNode document = Json.object();
    document.put("mode", state.mode().name());
    document.put("mode_since", state.modeSince().toString());
    document.put("mode_day", state.modeDay().toString());
    ArrayNode hosts = document.putArray("hosts");
    state
        .hosts()
        .forEach(
            (name, host) -> {
              ObjectNode out = hosts.addObject();
              out.put("name", name.name());
              out.put("seen", host.seen().toString());
              host.listed().ifPresent(at -> out.put("listed", at.toString()));
              host.safe().ifPresent(at -> out.put("safe", at.toString()));
              out.put("published", host.published());
              host.released().ifPresent(at -> out.put("released", at.toString()));
            });
    ArrayNode policies = document.putArray("policies");
    for (ServedPolicy policy : state.policies()) {
      ObjectNode out = policies.addObject();
      out.put("id", policy.id());
      out.put("text", policy.text());
      out.put("since", policy.since().toString());
      policy.announced().ifPresent(at -> out.put("announced", at.toString()));
    }
    state.published().ifPresent(id -> document.put("published", id));
    document.put("record_ttl", state.recordTtl().toString());
    document.put("mx_ttl", state.mxTtl().toString());
    state.lookedUp().ifPresent(at -> document.put("looked_up", at.toString()));
    ArrayNode problems = document.putArray("problems");
    state.problems().forEach(problems::add);
    ArrayNode assessments = document.putArray("assessments");
    for (GradedAssessment each : state.assessments()) {
      ObjectNode out = assessments.addObject();
      out.put("at", each.at().toString());
      out.put("grade", each.grade());
      out.put("good", each.isGood());
    }
    return document;
  }
}
