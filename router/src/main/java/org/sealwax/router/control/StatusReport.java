package org.sealwax.router.control;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.sealwax.mail.json.Json;
import org.sealwax.router.certs.StatusItem;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** The answer to {@code sealwax status}: first what needs a person, then every item. */
public final class StatusReport {
  private StatusReport() {}

  /**
   * {@return the report}
   *
   * @param isRunning whether a server made it
   */
  public static ObjectNode of(boolean isRunning, List<StatusItem.Source> sources)
      throws InterruptedException {
    List<StatusItem> items = new ArrayList<>();
    for (StatusItem.Source source : sources) {
      items.addAll(source.items());
    }
    ObjectNode out = Json.object();
    out.put("running", isRunning);
    ArrayNode attention = out.putArray("attention");
    items.stream()
        .filter(item -> item.action().isPresent())
        .forEach(item -> put(item, attention.addObject()));
    ArrayNode status = out.putArray("status");
    items.forEach(item -> put(item, status.addObject()));
    return out;
  }

  private static void put(StatusItem item, ObjectNode out) {
    out.put("subject", item.subject().name());
    out.put("topic", item.topic().word());
    out.put("text", item.text());
    item.action().ifPresent(action -> out.put("action", action));
    item.values()
        .forEach(
            (member, value) -> {
              switch (value) {
                case Long number -> out.put(member, number);
                case Boolean flag -> out.put(member, flag);
                default -> out.put(member, value.toString());
              }
            });
  }

  /** {@return the items of a report by their subject, in the order of the report} */
  public static Map<String, List<JsonNode>> bySubject(JsonNode report) {
    Map<String, List<JsonNode>> subjects = new LinkedHashMap<>();
    report
        .path("status")
        .forEach(
            item ->
                subjects
                    .computeIfAbsent(item.path("subject").asString(""), _ -> new ArrayList<>())
                    .add(item));
    return subjects;
  }
}
