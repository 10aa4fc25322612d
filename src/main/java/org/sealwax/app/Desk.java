package org.sealwax.app;

import java.io.IOException;
import java.nio.file.Path;
import org.sealwax.app.ControlServer.Json;
import org.sealwax.app.ControlServer.Refusal;
import org.sealwax.spool.Spool;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** Answers what people ask through the control socket: reload and backup. */
final class Desk implements ControlServer.Desk {
  /** What a reload does; the answer is for a person. */
  @FunctionalInterface
  interface Reloading {
    /**
     * Reads the configuration again and puts it in force.
     *
     * @throws Refusal when it is wrong, with the whole report
     */
    String reload() throws Refusal;
  }

  private final Spool spool;
  private final Reloading reloading;

  Desk(Spool spool, Reloading reloading) {
    this.spool = spool;
    this.reloading = reloading;
  }

  @Override
  public JsonNode answer(JsonNode request) throws Refusal {
    String what = request.path("do").asString("");
    try {
      return switch (what) {
        case "reload" -> Json.MAPPER.createObjectNode().put("text", reloading.reload());
        case "backup" -> backup(request.path("folder").asString(""));
        default -> throw new Refusal("the server does not know \"" + what + "\"; is it older?");
      };
    } catch (IOException e) {
      throw new Refusal("the store has trouble: " + e.getMessage());
    }
  }

  private ObjectNode backup(String folder) throws IOException, Refusal {
    Path path = Path.of(folder);
    if (!path.isAbsolute()) {
      throw new Refusal("the server needs an absolute path for a backup");
    }
    spool.backup(path);
    return Json.MAPPER.createObjectNode().put("folder", folder);
  }
}
