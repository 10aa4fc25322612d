package org.sealwax.router.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import org.sealwax.mail.cli.Arguments;
import org.sealwax.mail.cli.ExitStatus;
import org.sealwax.mail.cli.MachineDefaults;
import org.sealwax.mail.cli.ProcessEnvironment;
import org.sealwax.mail.json.Json;
import org.sealwax.mail.net.Clock;
import org.sealwax.router.config.Configuration;
import org.sealwax.router.config.ConfigurationProblem;
import org.sealwax.router.config.RouterSettings;
import org.sealwax.router.control.ControlClient;
import org.sealwax.router.control.ControlServer.ControlRequestRefused;
import org.sealwax.router.control.OfflineExplainer;
import org.sealwax.router.wiring.ConfiguredFilesCheck;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** {@code sealwax explain --what-if FILE}: reads the file as {@code check} does, asks, prints. */
public final class WhatIfCommand {
  private final ProcessEnvironment process;
  private final MachineDefaults defaults;

  /**
   * @param defaults what holds where the file has no setting
   */
  public WhatIfCommand(ProcessEnvironment around, MachineDefaults defaults) {
    this.process = around;
    this.defaults = defaults;
  }

  public int run(Arguments arguments, RouterSettings now)
      throws Arguments.UsageError, IOException, ControlRequestRefused {
    if (!arguments.operands().isEmpty()
        || arguments.has("--message")
        || arguments.has("--probe")
        || arguments.has("--code")) {
      throw new Arguments.UsageError(
          "--what-if is about all that is remembered; it takes --json only");
    }
    Path file = process.path(arguments.value("--what-if").orElseThrow());
    Configuration read;
    try {
      read = Configuration.read(file, defaults);
    } catch (NoSuchFileException e) {
      process.err().println("sealwax: there is no " + e.getMessage());
      return ExitStatus.ERRORS;
    } catch (IOException e) {
      process.err().println("sealwax: cannot read " + file + ": " + e.getMessage());
      return ExitStatus.ERRORS;
    }
    process.err().print(read.report());
    return switch (read) {
      case Configuration.InvalidConfiguration b -> {
        long errors = b.problems().stream().filter(ConfigurationProblem::error).count();
        process.err().println("sealwax: " + errors + (errors == 1 ? " error" : " errors"));
        yield ExitStatus.ERRORS;
      }
      case Configuration.ValidConfiguration then -> {
        List<ConfiguredFilesCheck.FileProblem> findings =
            ConfiguredFilesCheck.of(then.settings(), Clock.system());
        findings.forEach(f -> process.err().println("sealwax: " + f));
        if (findings.stream().anyMatch(ConfiguredFilesCheck.FileProblem::error)) {
          yield ExitStatus.ERRORS;
        }
        print(file, answer(file, then.settings(), now), arguments.has("--json"));
        yield ExitStatus.OK;
      }
    };
  }

  private JsonNode answer(Path file, RouterSettings then, RouterSettings now)
      throws IOException, ControlRequestRefused {
    ObjectNode request = ControlClient.request("what-if");
    request.put("file", file.toAbsolutePath().toString());
    // The text and not the path: a server in a sandbox of its own does not see our folders.
    request.put("text", Files.readString(file));
    try (ControlClient client = ControlClient.open(now.server().state())) {
      return client.ask(request);
    } catch (ControlClient.ServerNotRunning e) {
      process.err().println("sealwax: no server runs here: this is what is on disk");
      try (OfflineExplainer explainer = new OfflineExplainer(now)) {
        return explainer.explainer().whatIf(then).report(null, explainer.now());
      } catch (UncheckedIOException failure) {
        throw new IOException(failure.getMessage(), failure);
      }
    }
  }

  private void print(Path file, JsonNode answer, boolean json) {
    if (json) {
      process.out().println(Json.indented(answer));
      return;
    }
    process.out().print(WhatIfText.of(file.toString(), answer));
  }
}
