package org.sealwax.router.cli;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.sealwax.mail.cli.Arguments;
import org.sealwax.mail.cli.ExitStatus;
import org.sealwax.mail.cli.ProcessEnvironment;
import org.sealwax.mail.cli.Subcommand;
import org.sealwax.mail.json.Json;
import org.sealwax.router.config.RouterSettings;
import org.sealwax.router.control.ControlClient;
import org.sealwax.router.control.ControlServer.ControlRequestRefused;
import org.sealwax.router.control.ControlService;
import org.sealwax.router.control.OfflineExplainer;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** {@code sealwax explain}: how mail to a domain, or of a queued message, is treated and why. */
public final class ExplainCommand {
  private final ProcessEnvironment process;

  public ExplainCommand(ProcessEnvironment around) {
    this.process = around;
  }

  /** Whether the configuration is needed. */
  public static boolean isAboutDelivery(Arguments arguments) {
    return arguments.value("--code").isEmpty() || arguments.has("--what-if");
  }

  /** How mail would be treated: by the running server, or without one by what is on disk. */
  public int delivery(Arguments arguments, RouterSettings settings)
      throws Arguments.UsageError, IOException, ControlRequestRefused {
    Optional<String> message = arguments.value("--message");
    List<String> operands = arguments.operands();
    if (message.isPresent() == (operands.size() == 1) || operands.size() > 1) {
      throw new Arguments.UsageError("name one domain, or --message ID, or --code CODE");
    }
    ObjectNode request = ControlClient.request("explain");
    message.ifPresent(id -> request.put("id", id));
    operands.forEach(d -> request.put("domain", d));
    request.put("probe", arguments.has("--probe"));
    JsonNode answer = ask(request, settings, message.isPresent());
    if (arguments.has("--json")) {
      process.out().println(Json.indented(answer));
    } else {
      process.out().print(ExplainText.of(answer));
    }
    return ExitStatus.OK;
  }

  private JsonNode ask(ObjectNode request, RouterSettings settings, boolean needsServer)
      throws IOException, ControlRequestRefused {
    try (ControlClient client = ControlClient.open(settings.server().state())) {
      return client.ask(request);
    } catch (ControlClient.ServerNotRunning e) {
      if (needsServer) {
        throw e;
      }
      process
          .err()
          .println("sealwax: no server runs here: this is what is on disk and in the DNS now");
      try (OfflineExplainer explainer = new OfflineExplainer(settings)) {
        return ControlService.explain(explainer.explainer(), request, explainer.now());
      }
    }
  }

  /** As help and the manual show it. */
  public static Subcommand subcommand() {
    return new Subcommand(
        "explain",
        "[DOMAIN]",
        "say how mail to a domain is treated and why, or what a finding means",
        "With a domain: every source of policy (configuration, DANE, MTA-STS, ledger) with its"
            + " value, age and next refresh, and for each MX host what is demanded, from which"
            + " evidence, and the rungs of the ladder. Asks the running server, whose ledger and"
            + " policies are the real ones; without one it reads what is on disk. With --what-if"
            + " FILE it replays the last 32 connections to each host that the ledger remembers"
            + " under the configuration FILE, and lists the domains, and the messages now in the"
            + " queue, that would have been delayed or gone in clear text, against the"
            + " configuration in force. With --code it explains a code of a report: what is looked"
            + " at, why it matters, how it counts, and the settings of each mail router.",
        List.of(
            new Subcommand.Option(
                "--probe", null, "make one connection to each host; no mail is sent"),
            new Subcommand.Option(
                "--message", "ID", "for a message in the queue, with what it demands itself"),
            new Subcommand.Option(
                "--what-if",
                "FILE",
                "replay the remembered connections under another configuration"),
            new Subcommand.Option("--json", null, "print JSON"),
            new Subcommand.Option("--code", "CODE", "a code, tls10 or kex.dh/export")),
        false);
  }
}
