package org.sealwax.router.cli;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.sealwax.mail.cli.Arguments;
import org.sealwax.mail.cli.Command;
import org.sealwax.mail.cli.ExitStatus;
import org.sealwax.mail.cli.ProcessEnvironment;
import org.sealwax.router.config.RouterSettings;
import org.sealwax.router.control.ControlClient;
import org.sealwax.router.control.ControlService;
import org.sealwax.router.control.OfflineExplainer;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** {@code sealwax explain}: how mail to a domain, or of a queued message, is treated and why. */
public final class ExplainCommand {
  private final ProcessEnvironment process;
  private final ConfigurationSource configuration;
  private final Command.Action code;

  /**
   * @param code explains the code of {@code --code}
   */
  public ExplainCommand(ProcessEnvironment process, Command.Action code) {
    this.process = process;
    this.configuration = new ConfigurationSource(process);
    this.code = code;
  }

  /** {@code explain}. */
  public Command command() {
    return Command.of(
        """
        sealwax explain [DOMAIN]
        explain how mail to a domain is treated, or what a finding means

        With a domain: every source of policy (configuration, DANE, MTA-STS, ledger) with its
        value, age and next refresh, and for each MX host the requirement, the evidence that it
        follows from, and the fallback steps. Asks the running server; without one it reads the
        ledger and the policies on disk.

        With --what-if FILE it replays the last 32 connections to each host that the ledger
        remembers under the configuration FILE, and lists the domains, and the messages now in the
        queue, that would have been delayed or sent unencrypted, compared with the configuration
        in force.

        With --code it explains a code of a report of assess: what is checked, why it matters, how
        it counts, and the settings of each mail router.

        --probe             make one connection to each host, without sending mail
        --message ID        explain a message in the queue, with its own requirements
        --what-if FILE      replay the remembered connections under another configuration
        --json              print JSON
        --code CODE         explain a code: tls10 or kex.dh/export

        $ sealwax explain example.org --probe
        $ sealwax explain --what-if new.toml
        $ sealwax explain --code tls10
        """,
        this::run);
  }

  private int run(Arguments arguments) throws IOException, InterruptedException {
    for (String alone : List.of("--what-if", "--code")) {
      if (arguments.has(alone)) {
        Set<String> with = Set.of(alone, "--json", "--config");
        if (!arguments.operands().isEmpty() || !with.containsAll(arguments.options().keySet())) {
          throw new Arguments.UsageError(alone + " takes no domain and no option except --json");
        }
      }
    }
    if (arguments.has("--code")) {
      return code.run(arguments);
    }
    return arguments.has("--what-if")
        ? new WhatIfCommand(process, configuration).run(arguments)
        : delivery(arguments);
  }

  /** How mail would be treated: by the running server, or without one by what is on disk. */
  private int delivery(Arguments arguments) throws IOException {
    Optional<String> message = arguments.value("--message");
    if (message.isPresent() != arguments.operands().isEmpty()) {
      throw new Arguments.UsageError("name one domain, or --message ID, or --code CODE");
    }
    ObjectNode request = ControlClient.request("explain");
    message.ifPresent(id -> request.put("id", id));
    arguments.operands().forEach(d -> request.put("domain", d));
    request.put("probe", arguments.has("--probe"));
    configuration.print(
        arguments,
        ask(arguments, request, message.isPresent()),
        answer -> process.out().print(ExplainText.of(answer)));
    return ExitStatus.OK;
  }

  private JsonNode ask(Arguments arguments, ObjectNode request, boolean needsServer)
      throws IOException {
    try {
      return configuration.ask(arguments, request);
    } catch (ControlClient.ServerNotRunning e) {
      if (needsServer) {
        throw e;
      }
    }
    RouterSettings settings = configuration.valid(arguments).settings();
    try (OfflineExplainer explainer = new OfflineExplainer(settings, process)) {
      process
          .err()
          .println("sealwax: no server is running; showing the state on disk and the present DNS");
      return ControlService.explain(explainer.explainer(), request, explainer.now());
    }
  }
}
