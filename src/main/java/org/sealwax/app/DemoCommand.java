package org.sealwax.app;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.sealwax.assess.render.ReportPage;
import org.sealwax.lab.cli.LabNamespace;
import org.sealwax.lab.serve.SenderPage;
import org.sealwax.mail.cli.Arguments;
import org.sealwax.mail.cli.Exit;
import org.sealwax.mail.cli.Folders;
import org.sealwax.mail.cli.Signals;
import org.sealwax.mail.cli.Subcommand;
import org.sealwax.mail.cli.Surroundings;
import org.sealwax.mail.cli.Terminal;
import org.sealwax.mail.cli.Version;
import org.sealwax.mail.http.PageServer;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.tls.TlsRoom;

/** {@code sealwax demo}: one command that shows what this is. */
final class DemoCommand {
  private final Surroundings around;
  private final Folders folders;
  private final Clock clock = Clock.system();

  DemoCommand(Surroundings around, Folders folders) {
    this.around = around;
    this.folders = folders;
  }

  /** As help and the manual show it. */
  static Subcommand subcommand() {
    return new Subcommand(
        "demo",
        "",
        "see it work: a small internet under attack, and mail through it",
        "Sets up a small internet on loopback (signed DNS, MTA-STS policies, good, broken and"
            + " attacked mail hosts), starts a router in it, sends a message to each host, and"
            + " tells who got it how, who did not and why, and what was never sent in clear. Ends"
            + " with the grade of both sides and, at a terminal, with a page to look at until"
            + " Ctrl-C. Needs no settings and no privileges, takes less than 20 seconds, sends"
            + " nothing anywhere, and leaves nothing behind.",
        List.of(new Subcommand.Option("--no-page", null, "end at once, without a page")),
        false);
  }

  /** The exit code: 1 when something did not come out as it should, or it was ended before. */
  int run(Arguments arguments) throws Arguments.Misuse {
    if (!arguments.operands().isEmpty()) {
      throw new Arguments.Misuse("the demo takes no operands");
    }
    TlsRoom.beforeAnything();
    // Whoever has seen enough ends it in order: folder, sockets and page go with it.
    Thread player = Thread.currentThread();
    Signals.on("INT", player::interrupt);
    Signals.on("TERM", player::interrupt);
    try {
      Demo.Ending ending = new Demo(around, folders, clock, Demo.PATIENCE).play();
      // A page inside a namespace of its own is out of everybody's reach.
      if (Terminal.watched() && !arguments.has("--no-page") && !inside()) {
        show(ending);
      }
      return ending.good() ? Exit.OK : Exit.WARNINGS;
    } catch (DemoStage.NoLoopback e) {
      return elsewhere(e);
    } catch (IOException e) {
      around.err().println("sealwax: " + e.getMessage());
      return Exit.UNAVAILABLE;
    } catch (InterruptedException e) {
      around.out().println("\nended before its end");
      return Exit.WARNINGS;
    }
  }

  private boolean inside() {
    return around.variable(LabNamespace.INSIDE).isPresent();
  }

  /** In a network namespace of its own there is a loopback with all its addresses. */
  private int elsewhere(DemoStage.NoLoopback why) {
    if (!inside()) {
      around.out().println(why.getMessage() + ": using a network namespace, without a page.");
      around.out().flush();
      try {
        return new LabNamespace(around).again();
      } catch (InterruptedException e) {
        around.out().println("\nended before its end");
        return Exit.WARNINGS;
      } catch (IOException e) {
        around.err().println("sealwax: " + e.getMessage());
      }
    } else {
      around.err().println("sealwax: " + why.getMessage());
    }
    return Exit.UNAVAILABLE;
  }

  /** The story as the page tells it. */
  static List<DemoPage.Act> acts(Demo.Ending ending) {
    List<DemoPage.Act> acts = new ArrayList<>();
    for (DemoDestination.Kind kind : DemoDestination.Kind.values()) {
      acts.add(
          new DemoPage.Act(
              kind.title(),
              DemoDestination.all().stream()
                  .filter(d -> d.kind() == kind)
                  .map(d -> scene(d, ending))
                  .toList()));
    }
    return acts;
  }

  private static DemoPage.Scene scene(DemoDestination destination, Demo.Ending ending) {
    String label = destination.label();
    String told = ending.last().getOrDefault(label, "nothing was decided in this time");
    DemoPage.Ending how =
        ending.sender().leaks().contains(label)
            ? DemoPage.Ending.LEAKED
            : told.startsWith("RETURNED")
                ? DemoPage.Ending.RETURNED
                : told.startsWith("NOT SENT")
                    ? DemoPage.Ending.KEPT
                    : !told.startsWith("DELIVERED")
                        ? DemoPage.Ending.OPEN
                        : ending.clear().contains(label)
                            ? DemoPage.Ending.CLEAR
                            : DemoPage.Ending.SEALED;
    return new DemoPage.Scene(label, destination.scene(), how, told);
  }

  private void show(Demo.Ending ending) {
    Map<String, String> pages =
        Map.of(
            "/",
            DemoPage.of(acts(ending), ending.sender(), ending.receiver(), Version.text()),
            "/sender",
            SenderPage.of(ending.sender(), "Sealwax in the demo", Version.text()),
            "/receiver",
            ReportPage.of(ending.receiver()));
    InetSocketAddress at = new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0);
    try (PageServer server = new PageServer(at, pages)) {
      String url = "http://127.0.0.1:" + server.address().getPort() + "/";
      around.out().println("\nTo look at, until Ctrl-C: " + url);
      around.out().flush();
      Thread.sleep(Long.MAX_VALUE);
    } catch (InterruptedException e) {
      around.out().println(); // that was Ctrl-C, as said
    } catch (IOException e) {
      around.out().println("\nNo page: " + e.getMessage());
    }
  }
}
