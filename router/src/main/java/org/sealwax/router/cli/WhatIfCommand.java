package org.sealwax.router.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Optional;
import org.sealwax.mail.cli.Arguments;
import org.sealwax.mail.cli.ExitStatus;
import org.sealwax.mail.cli.ProcessEnvironment;
import org.sealwax.mail.net.FailureText;
import org.sealwax.router.config.Configuration;
import org.sealwax.router.config.RouterSettings;
import org.sealwax.router.control.ControlClient;
import org.sealwax.router.control.OfflineExplainer;
import org.sealwax.router.wiring.ConfiguredFilesCheck;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** {@code sealwax explain --what-if FILE}: reads the file as {@code check} does, asks, prints. */
final class WhatIfCommand {
  private final ProcessEnvironment process;
  private final ConfigurationSource configuration;

  WhatIfCommand(ProcessEnvironment process, ConfigurationSource configuration) {
    this.process = process;
    this.configuration = configuration;
  }

  int run(Arguments arguments) throws IOException {
    Path file = process.path(arguments.value("--what-if").orElseThrow());
    Optional<Configuration.ValidConfiguration> then =
        CheckCommand.errorFree(process, configuration, Optional.of(file));
    if (then.isEmpty()
        || CheckCommand.fileProblems(process, then.get()).stream()
            .anyMatch(ConfiguredFilesCheck.FileProblem::error)) {
      return ExitStatus.ERRORS;
    }
    configuration.print(
        arguments,
        answer(arguments, file, then.get().settings()),
        answer -> process.out().print(WhatIfText.of(file.toString(), answer)));
    return ExitStatus.OK;
  }

  private JsonNode answer(Arguments arguments, Path file, RouterSettings then) throws IOException {
    ObjectNode request = ControlClient.request("what-if");
    request.put("file", file.toAbsolutePath().toString());
    // The text and not the path: a server in a sandbox of its own does not see our folders.
    request.put("text", Configuration.text(file));
    try {
      return configuration.ask(arguments, request);
    } catch (ControlClient.ServerNotRunning e) {
      process.err().println("sealwax: no server is running; showing the state on disk");
    }
    try (OfflineExplainer explainer =
        new OfflineExplainer(configuration.valid(arguments).settings(), process)) {
      return explainer.explainer().whatIf(then).report(null, explainer.now());
    } catch (UncheckedIOException failure) {
      throw new IOException(FailureText.of(failure), failure);
    }
  }
}
