package org.sealwax.router.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import org.sealwax.mail.cli.Arguments;
import org.sealwax.mail.cli.Exit;
import org.sealwax.mail.cli.Machine;
import org.sealwax.mail.cli.Surroundings;
import org.sealwax.mail.net.Clock;
import org.sealwax.router.config.Complaint;
import org.sealwax.router.config.Configuration;
import org.sealwax.router.config.Settings;
import org.sealwax.router.control.Alone;
import org.sealwax.router.control.ControlClient;
import org.sealwax.router.control.ControlServer.Json;
import org.sealwax.router.control.ControlServer.Refusal;
import org.sealwax.router.wiring.Inspection;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.node.ObjectNode;

/** {@code sealwax explain --what-if FILE}: reads the file as {@code check} does, asks, prints. */
public final class WhatIfCommand {
  private final Surroundings around;
  private final Machine machine;

  /**
   * @param machine what holds where the file says nothing
   */
  public WhatIfCommand(Surroundings around, Machine machine) {
    this.around = around;
    this.machine = machine;
  }

  public int run(Arguments arguments, Settings now) throws Arguments.Misuse, IOException, Refusal {
    if (!arguments.operands().isEmpty()
        || arguments.has("--message")
        || arguments.has("--probe")
        || arguments.has("--code")) {
      throw new Arguments.Misuse("--what-if is about all that is remembered; it takes --json only");
    }
    Path file = around.path(arguments.value("--what-if").orElseThrow());
    Configuration read;
    try {
      read = Configuration.read(file, machine);
    } catch (NoSuchFileException e) {
      around.err().println("sealwax: there is no " + e.getMessage());
      return Exit.ERRORS;
    } catch (IOException e) {
      around.err().println("sealwax: cannot read " + file + ": " + e.getMessage());
      return Exit.ERRORS;
    }
    around.err().print(read.report());
    return switch (read) {
      case Configuration.Broken b -> {
        long errors = b.complaints().stream().filter(Complaint::error).count();
        around.err().println("sealwax: " + errors + (errors == 1 ? " error" : " errors"));
        yield Exit.ERRORS;
      }
      case Configuration.Sound then -> {
        List<Inspection.Finding> findings = Inspection.of(then.settings(), Clock.system());
        findings.forEach(f -> around.err().println("sealwax: " + f));
        if (findings.stream().anyMatch(Inspection.Finding::error)) {
          yield Exit.ERRORS;
        }
        print(file, answer(file, then.settings(), now), arguments.has("--json"));
        yield Exit.OK;
      }
    };
  }

  private JsonNode answer(Path file, Settings then, Settings now) throws IOException, Refusal {
    ObjectNode request = ControlClient.request("what-if");
    request.put("file", file.toAbsolutePath().toString());
    // The text and not the path: a server in a sandbox of its own does not see our folders.
    request.put("text", Files.readString(file));
    try (ControlClient client = ControlClient.open(now.server().state())) {
      return client.ask(request);
    } catch (ControlClient.NotRunning e) {
      around.err().println("sealwax: no server runs here: this is what is on disk");
      try (Alone alone = new Alone(now)) {
        return alone.explainer().whatIf(then).tell(null, alone.now());
      } catch (UncheckedIOException trouble) {
        throw new IOException(trouble.getMessage(), trouble);
      }
    }
  }

  private void print(Path file, JsonNode answer, boolean json) {
    if (json) {
      around
          .out()
          .println(
              Json.MAPPER
                  .writer()
                  .with(SerializationFeature.INDENT_OUTPUT)
                  .writeValueAsString(answer));
      return;
    }
    around.out().print(WhatIfText.of(file.toString(), answer));
  }
}
