package org.sealwax.app;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.sealwax.assess.render.ReportPage;
import org.sealwax.lab.cli.LabNamespace;
import org.sealwax.lab.serve.SenderReportPage;
import org.sealwax.mail.cli.Arguments;
import org.sealwax.mail.cli.Command;
import org.sealwax.mail.cli.CommandFailed;
import org.sealwax.mail.cli.ExitStatus;
import org.sealwax.mail.cli.ProcessEnvironment;
import org.sealwax.mail.cli.Signals;
import org.sealwax.mail.cli.Terminal;
import org.sealwax.mail.cli.Version;
import org.sealwax.mail.http.HttpHandler;
import org.sealwax.mail.http.HttpService;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.net.TcpListener;
import org.sealwax.mail.tls.TlsFactory;

/** {@code sealwax demo}: one command that shows the main features. */
final class DemoCommand {
  private final ProcessEnvironment process;
  private final Clock clock = Clock.system();

  private DemoCommand(ProcessEnvironment process) {
    this.process = process;
  }

  /** {@code demo}. */
  static Command command(ProcessEnvironment process) {
    return Command.of(
        """
        sealwax demo
        demonstrate the router in a small internet under attack

        Sets up a small internet on loopback (signed DNS, MTA-STS policies, good, broken and
        attacked mail hosts), starts a router in it, and sends a message to each host. Reports how
        each message was delivered, or why it was not, and which hosts received plaintext. Ends
        with the grades of the router as sender and receiver; at a terminal it also serves a page
        until Ctrl-C. Needs no settings and no privileges, takes less than 20 seconds, sends
        nothing to other machines, and removes its files.

        --no-page           do not serve the page

        $ sealwax demo --no-page
        """,
        arguments -> new DemoCommand(process).run(arguments));
  }

  /** The exit code: 1 when a result was not as expected, or it was interrupted. */
  private int run(Arguments arguments) throws CommandFailed {
    TlsFactory.prepareJvm();
    // An interrupt ends it in order: folder, sockets and page go with it.
    Thread player = Thread.currentThread();
    Signals.on("INT", player::interrupt);
    Signals.on("TERM", player::interrupt);
    try {
      Demo.DemoResult result = new Demo(process, clock, Demo.PATIENCE).run();
      // A page inside a namespace of its own cannot be reached from outside.
      if (Terminal.isInteractive() && !arguments.has("--no-page") && !inside()) {
        show(result);
      }
      return result.good() ? ExitStatus.OK : ExitStatus.WARNINGS;
    } catch (DemoEnvironment.LoopbackUnavailable e) {
      return runInNamespace(e);
    } catch (IOException e) {
      throw new CommandFailed(ExitStatus.UNAVAILABLE, FailureText.of(e));
    } catch (InterruptedException e) {
      process.out().println("\ninterrupted");
      return ExitStatus.WARNINGS;
    }
  }

  private boolean inside() {
    return process.variable(LabNamespace.INSIDE).isPresent();
  }

  /** In a network namespace of its own there is a loopback with all its addresses. */
  private int runInNamespace(DemoEnvironment.LoopbackUnavailable why) {
    if (!inside()) {
      process.out().println(why.getMessage() + ": using a network namespace, without a page.");
      process.out().flush();
      try {
        return new LabNamespace(process).runInside();
      } catch (InterruptedException e) {
        process.out().println("\ninterrupted");
        return ExitStatus.WARNINGS;
      } catch (IOException e) {
        process.err().println("sealwax: " + FailureText.of(e));
      }
    } else {
      process.err().println("sealwax: " + why.getMessage());
    }
    return ExitStatus.UNAVAILABLE;
  }

  /** The results as the page shows them. */
  static List<DemoPage.DemoSection> sections(Demo.DemoResult result) {
    List<DemoPage.DemoSection> acts = new ArrayList<>();
    for (DemoDestination.Kind kind : DemoDestination.Kind.values()) {
      acts.add(
          new DemoPage.DemoSection(
              kind.title(),
              DemoDestination.all().stream()
                  .filter(d -> d.kind() == kind)
                  .map(d -> destinationResult(d, result))
                  .toList()));
    }
    return acts;
  }

  private static DemoPage.DestinationResult destinationResult(
      DemoDestination destination, Demo.DemoResult result) {
    String label = destination.label();
    String text = result.last().getOrDefault(label, "not decided within the time limit");
    DemoPage.MessageEnd messageEnd =
        result.sender().leaks().contains(label)
            ? DemoPage.MessageEnd.LEAKED
            : text.startsWith("RETURNED")
                ? DemoPage.MessageEnd.RETURNED
                : text.startsWith("NOT SENT")
                    ? DemoPage.MessageEnd.KEPT
                    : !text.startsWith("DELIVERED")
                        ? DemoPage.MessageEnd.OPEN
                        : result.plaintext().contains(label)
                            ? DemoPage.MessageEnd.CLEAR
                            : DemoPage.MessageEnd.SEALED;
    return new DemoPage.DestinationResult(label, destination.description(), messageEnd, text);
  }

  private void show(Demo.DemoResult result) {
    Map<String, String> pages =
        Map.of(
            "/",
            DemoPage.of(sections(result), result.sender(), result.receiver(), Version.text()),
            "/sender",
            SenderReportPage.of(result.sender(), "Sealwax in the demo", Version.text()),
            "/receiver",
            ReportPage.of(result.receiver()));
    InetSocketAddress at = new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0);
    HttpService service = new HttpService(HttpService.HttpLimits.SMALL, HttpHandler.pages(pages));
    // A failure of accept needs no message here: one client asked, and gets no response.
    try (TcpListener server = service.listen("demo", at, problem -> {})) {
      String url = "http://127.0.0.1:" + server.address().getPort() + "/";
      process.out().println("\nPage (until Ctrl-C): " + url);
      process.out().flush();
      Thread.sleep(Long.MAX_VALUE);
    } catch (InterruptedException e) {
      process.out().println(); // that was Ctrl-C, as said
    } catch (IOException e) {
      process.out().println("\nNo page: " + FailureText.of(e));
    }
  }
}
