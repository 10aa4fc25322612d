package org.sealwax.router.dkim;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.json.Json;
import org.sealwax.mail.net.RegularFile;
import org.sealwax.router.store.StateFiles;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * When each key signed last, and when mail that it may have signed was last in the queue: for as
 * long its record must stay published, and seven days more. A file in the state folder, which the
 * running router replaces every few minutes.
 *
 * @param asOf when the router wrote this
 * @param keys by the name of the key's record
 */
public record DkimKeyUse(Instant asOf, Map<Domain, LastMail> keys) {
  /** The name of the file in the state folder. */
  public static final String FILE = "dkim-keys.json";

  private static final int MAX_FILE = 1 << 20;

  private static final String AS_OF = "as_of";
  private static final String KEYS = "keys";
  private static final String RECORD = "record";
  private static final String SIGNED = "signed";
  private static final String QUEUED = "queued";

  /**
   * The last mail of one key.
   *
   * @param signed when the key last signed
   * @param queued when mail from that time or before was last seen in the queue; empty: never since
   */
  public record LastMail(Instant signed, Optional<Instant> queued) {}

  /** Copies. */
  public DkimKeyUse {
    keys = Map.copyOf(keys);
  }

  /**
   * {@return what the router last wrote; empty when there is no such file}
   *
   * @param state the state folder
   * @throws IOException when it cannot be read, or is damaged
   */
  public static Optional<DkimKeyUse> read(Path state) throws IOException {
    Path file = state.resolve(FILE);
    try {
      return Optional.of(of(Json.read(RegularFile.text(file, StandardCharsets.UTF_8, MAX_FILE))));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (JacksonException | DateTimeException | IllegalArgumentException e) {
      throw new IOException(file + " is damaged", e);
    }
  }

  private static DkimKeyUse of(JsonNode document) {
    Map<Domain, LastMail> keys = new TreeMap<>();
    for (JsonNode key : document.path(KEYS)) {
      String queued = key.path(QUEUED).asString("");
      keys.put(
          Domain.of(key.path(RECORD).asString("")),
          new LastMail(
              Instant.parse(key.path(SIGNED).asString("")),
              queued.isEmpty() ? Optional.empty() : Optional.of(Instant.parse(queued))));
    }
    return new DkimKeyUse(Instant.parse(document.path(AS_OF).asString("")), keys);
  }

  /**
   * Replaces the file.
   *
   * @param state the state folder
   */
  void write(Path state) throws IOException {
    ObjectNode document = Json.object();
    document.put(AS_OF, asOf.toString());
    ArrayNode all = document.putArray(KEYS);
    new TreeMap<>(keys)
        .forEach(
            (name, last) -> {
              ObjectNode key = all.addObject();
              key.put(RECORD, name.name());
              key.put(SIGNED, last.signed().toString());
              last.queued().ifPresent(at -> key.put(QUEUED, at.toString()));
            });
    StateFiles.replace(state.resolve(FILE), out -> out.write(Json.bytes(document)));
  }
}
