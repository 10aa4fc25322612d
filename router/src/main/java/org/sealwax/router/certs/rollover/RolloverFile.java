package org.sealwax.router.certs.rollover;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.sealwax.mail.json.Json;
import org.sealwax.mail.net.RegularFile;
import org.sealwax.router.certs.rollover.RolloverState.Phase;
import org.sealwax.router.store.StateFiles;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** The file with the state. After a crash it has the former state or the new one. */
final class RolloverFile {
  static final String NAME = "state.json";
  private static final int MAX_FILE = 16_384;

  private RolloverFile() {}

  /**
   * {@return the stored state; empty when there is none}
   *
   * @throws IOException when it cannot be read, or is damaged
   */
  static Optional<RolloverState> read(Path folder) throws IOException {
    Path file = folder.resolve(NAME);
    try {
      JsonNode document = Json.read(RegularFile.text(file, StandardCharsets.UTF_8, MAX_FILE));
      return Optional.of(
          new RolloverState(
              Phase.valueOf(document.path("phase").asString("")),
              key(document, "current"),
              key(document, "other"),
              Instant.parse(document.path("since").asString("")),
              time(document, "agreed"),
              Duration.parse(document.path("ttl").asString("")),
              Instant.parse(document.path("horizon").asString("")),
              time(document, "release"),
              document.path("aborting").asBoolean(false),
              Instant.parse(document.path("ended").asString(""))));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (JacksonException | DateTimeException | IllegalArgumentException e) {
      throw new IOException(file + " is damaged; restore it from a backup", e);
    }
  }

  private static Optional<KeyDigest> key(JsonNode document, String name) {
    String text = document.path(name).asString("");
    return text.isEmpty() ? Optional.empty() : Optional.of(new KeyDigest(text));
  }

  private static Optional<Instant> time(JsonNode document, String name) {
    String text = document.path(name).asString("");
    return text.isEmpty() ? Optional.empty() : Optional.of(Instant.parse(text));
  }

  static ObjectNode json(RolloverState state) {
    ObjectNode document = Json.object();
    document.put("phase", state.phase().name());
    state.current().ifPresent(key -> document.put("current", key.hex()));
    state.other().ifPresent(key -> document.put("other", key.hex()));
    document.put("since", state.since().toString());
    state.agreed().ifPresent(at -> document.put("agreed", at.toString()));
    document.put("ttl", state.ttl().toString());
    document.put("horizon", state.horizon().toString());
    state.release().ifPresent(at -> document.put("release", at.toString()));
    document.put("aborting", state.aborting());
    document.put("ended", state.ended().toString());
    return document;
  }

  static void write(Path folder, RolloverState state) throws IOException {
    StateFiles.replace(folder.resolve(NAME), out -> out.write(Json.bytes(json(state))));
    StateFiles.sync(folder);
  }
}
