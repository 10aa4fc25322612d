package org.sealwax.router.control;

import java.io.IOException;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.json.Json;
import org.sealwax.mail.net.FailureText;
import org.sealwax.router.certs.ServerCertificates;
import org.sealwax.router.certs.rollover.KeyRollover;
import org.sealwax.router.certs.rollover.KeyRollover.RolloverStatus;
import org.sealwax.router.certs.rollover.RolloverMachine.RolloverRefusal;
import org.sealwax.router.control.ControlServer.ControlRequestRefused;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** Answers requests about the server's keys and their rollover through the control socket. */
public final class RolloverControlService {
  private final ServerCertificates certificates;
  private final @Nullable KeyRollover rollover;

  /**
   * Answers.
   *
   * @param certificates in force
   * @param rollover null where none is configured
   */
  public RolloverControlService(ServerCertificates certificates, @Nullable KeyRollover rollover) {
    this.certificates = certificates;
    this.rollover = rollover;
  }

  JsonNode keys(JsonNode request) throws ControlRequestRefused {
    return KeyReport.answer(request, certificates, rollover);
  }

  JsonNode answer(JsonNode request) throws ControlRequestRefused {
    KeyRollover configured = rollover;
    if (configured == null) {
      throw new ControlRequestRefused("rollovers are off; set enabled = true in [rollover]");
    }
    String verb = request.path("verb").asString("");
    try {
      switch (verb) {
        case "start" -> configured.begin();
        case "abort" -> configured.abort();
        case "status" -> {}
        default -> throw new ControlRequestRefused("the server does not support rollover " + verb);
      }
    } catch (RolloverRefusal e) {
      throw new ControlRequestRefused(String.valueOf(e.getMessage()));
    } catch (ControlRequestRefused e) {
      throw e;
    } catch (IOException e) {
      throw new ControlRequestRefused("nothing was changed: " + FailureText.of(e));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ControlRequestRefused("the server stops");
    }
    return json(configured.status());
  }

  private static ObjectNode json(RolloverStatus status) {
    ObjectNode out = Json.object();
    out.put("phase", status.state().phase().name().toLowerCase(Locale.ROOT));
    out.put("since", status.state().since().toString());
    status.state().current().ifPresent(key -> out.put("current", key.hex()));
    status.state().other().ifPresent(key -> out.put("other", key.hex()));
    out.put("aborting", status.state().aborting());
    out.put("waiting", status.waiting());
    out.put("record", status.record());
    return out;
  }
}
