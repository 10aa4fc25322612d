package org.sealwax.app;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.sealwax.assess.Assessment;
import org.sealwax.assess.Progress;
import org.sealwax.assess.cli.Examiner;
import org.sealwax.assess.model.Budget;
import org.sealwax.assess.model.Depth;
import org.sealwax.assess.model.Grade;
import org.sealwax.assess.model.Report;
import org.sealwax.assess.model.Target;
import org.sealwax.lab.judge.Deeds;
import org.sealwax.lab.judge.Profile;
import org.sealwax.lab.judge.SenderAssessment;
import org.sealwax.lab.judge.SenderReport;
import org.sealwax.lab.site.Ticket;
import org.sealwax.lab.traps.Traps;
import org.sealwax.mail.cli.Arguments;
import org.sealwax.mail.cli.Exit;
import org.sealwax.mail.cli.Folders;
import org.sealwax.mail.cli.Surroundings;
import org.sealwax.mail.cli.TemporaryFolder;
import org.sealwax.mail.net.Chance;
import org.sealwax.mail.net.Clock;
import org.sealwax.router.cli.Sendmail;
import org.sealwax.router.cli.SendmailArguments;
import org.sealwax.router.server.Router;

/**
 * The demo: the lab's small world, the router in it, one message to each of some ordinary,
 * excellent and attacked destinations, told as it happens; then the grade of both sides. What is
 * said of clear text and TLS is what the lab saw arrive, not what the router says of itself.
 * Nothing stays.
 */
final class Demo {
  /** For all to be decided: on a machine that does nothing else it takes about five seconds. */
  static final Duration PATIENCE = Duration.ofSeconds(12);

  /** For the scan of our own domain: on such a machine it takes a second or two. */
  private static final Duration SCAN = Duration.ofSeconds(6);

  /** Whoever has waited so long already gets a quick look only: the demo promises 20 seconds. */
  private static final Duration LONG = Duration.ofSeconds(10);

  private static final Duration LOOK = Duration.ofMillis(200);

  private final Surroundings around;
  private final Folders folders;
  private final Clock clock;
  private final Duration patience;
  private final PrintStream out;

  /** {@code patience}: how long mail has to be delivered or refused. */
  Demo(Surroundings around, Folders folders, Clock clock, Duration patience) {
    this.around = around;
    this.folders = folders;
    this.clock = clock;
    this.patience = patience;
    this.out = around.out();
  }

  /**
   * How it ended.
   *
   * @param sender what the lab makes of the router
   * @param receiver what the examiner makes of its listener
   * @param undecided labels of destinations about which nothing was decided in time
   * @param clear labels of destinations at which a message or envelope came in clear
   * @param troubles errors of the router itself
   * @param last what was told of each destination last, by label
   */
  record Ending(
      SenderReport sender,
      Report receiver,
      Set<String> undecided,
      Set<String> clear,
      List<String> troubles,
      Map<String, String> last) {
    /** Copies; labels in their order. */
    Ending {
      last = Map.copyOf(last);
      undecided = Collections.unmodifiableSet(new TreeSet<>(undecided));
      clear = Collections.unmodifiableSet(new TreeSet<>(clear));
      troubles = List.copyOf(troubles);
    }

    /** Whether all came out as it should. */
    boolean good() {
      return sender.leaks().isEmpty()
          && !sender.loses()
          && undecided.isEmpty()
          && troubles.isEmpty();
    }
  }

  /**
   * Plays it.
   *
   * @throws IOException when this machine does not let us
   * @throws InterruptedException when the spectator had enough; nothing stays then either
   */
  Ending play() throws IOException, InterruptedException {
    long begun = clock.nanoTime();
    Chance chance = Chance.secure();
    DemoLog log = new DemoLog();
    List<DemoDestination> destinations = DemoDestination.all();
    out.println("Setting up a small internet on loopback ...");
    out.flush();
    try (TemporaryFolder folder = TemporaryFolder.make(around, "sealwax-demo");
        DemoStage stage =
            DemoStage.open(
                destinations.stream().map(DemoDestination::row).toList(), clock, chance, out)) {
      stage.write(folder.path());
      try (Router router = stage.router(folder.path(), clock, chance, log)) {
        introduce(stage, router, destinations);
        hand(folder.path(), stage.ticket(), destinations);
        Map<String, String> last = new HashMap<>();
        Set<String> undecided = watch(log, stage.ticket(), destinations, last);
        SenderReport sender = judged(stage.ticket(), true);
        Set<String> clear = tellOfClear(stage.ticket(), destinations);
        boolean late = clock.nanoTime() - begun > LONG.toNanos();
        Report receiver = examine(folder.path(), stage, late ? Depth.QUICK : Depth.STANDARD);
        Ending ending = new Ending(sender, receiver, undecided, clear, log.troubles(), last);
        grades(ending);
        return ending;
      }
    }
  }

  private void introduce(DemoStage stage, Router router, List<DemoDestination> destinations) {
    out.println(
        "It is up: signed DNS, "
            + destinations.size()
            + " mail domains, port "
            + stage.lab().settings().smtpPort()
            + ". In it, Sealwax with its defaults (and short waits) is "
            + DemoStage.NAME
            + ", listening at "
            + router.addresses().getFirst().getAddress().getHostAddress()
            + " port "
            + router.addresses().getFirst().getPort()
            + ".");
    for (DemoDestination.Kind kind : DemoDestination.Kind.values()) {
      out.println("\n" + kind.title());
      destinations.stream()
          .filter(d -> d.kind() == kind)
          .forEach(d -> out.println(line(d.label(), d.scene())));
    }
    out.println("\nOne message goes to each.");
  }

  private static String line(String label, String text) {
    return String.format(Locale.ROOT, "  %-4s %s", label, text);
  }

  /** Hands one message for each destination to the router, as local programs do. */
  private void hand(Path state, Ticket ticket, List<DemoDestination> destinations)
      throws IOException, InterruptedException {
    for (DemoDestination destination : destinations) {
      String to = ticket.recipient(destination.label());
      String message =
          "From: %s\nTo: %s\nSubject: demo\n\nThis is nobody else's business.\n"
              .formatted(ticket.sender(), to);
      Surroundings caller =
          new Surroundings(
              around.environment(),
              new ByteArrayInputStream(message.getBytes(StandardCharsets.US_ASCII)),
              around.out(),
              around.err(),
              around.user(),
              around.home(),
              around.folder());
      try {
        int code =
            new Sendmail(caller, clock, Chance.secure())
                .run(
                    SendmailArguments.read(List.of("-i", "-f", ticket.sender(), to)),
                    state,
                    DemoStage.NAME);
        if (Thread.interrupted()) {
          throw new InterruptedException(); // which had closed the channel to the router
        }
        if (code != Exit.OK) {
          throw new IOException("the router did not take the message to " + to);
        }
      } catch (Arguments.Misuse e) {
        throw new IllegalStateException(e);
      }
    }
  }

  /** Tells what comes, until every destination has been decided; returns those that were not. */
  private Set<String> watch(
      DemoLog log, Ticket ticket, List<DemoDestination> destinations, Map<String, String> last)
      throws InterruptedException {
    Set<String> open = new TreeSet<>();
    Set<String> told = new TreeSet<>();
    Set<String> attacked = new TreeSet<>();
    for (DemoDestination d : destinations) {
      open.add(d.label());
      if (d.kind() == DemoDestination.Kind.ATTACKED) {
        attacked.add(d.label());
      }
    }
    long end = clock.nanoTime() + patience.toNanos();
    while (clock.nanoTime() < end) {
      DemoLog.Told next = log.next(LOOK);
      if (next == null) {
        if (open.isEmpty() && noticed(ticket)) {
          return open;
        }
        continue;
      }
      boolean known = ticket.find(next.label()).isPresent();
      // A second refusal of the same is no news.
      if (known && told.add(next.label() + next.what())) {
        String sentence = sentence(next, ticket);
        last.put(next.label(), sentence);
        out.println(line(next.label(), sentence));
      }
      boolean decided =
          switch (next.what()) {
            case DELIVERED, RETURNED -> true;
            case WAITS -> attacked.contains(next.label());
          };
      if (decided) {
        open.remove(next.label());
      }
    }
    return open;
  }

  /** Whether the notice about the domain that takes no mail has come back to its sender. */
  private static boolean noticed(Ticket ticket) {
    return judged(ticket, false).findings().stream()
        .filter(f -> f.check().id().startsWith("lab."))
        .allMatch(f -> f.outcome().known());
  }

  private static SenderReport judged(Ticket ticket, boolean ended) {
    return new SenderAssessment(Profile.OPPORTUNISTIC, ended).report(ticket.sightings());
  }

  private static String sentence(DemoLog.Told told, Ticket ticket) {
    String source = told.because().isEmpty() ? "" : " [" + String.join("; ", told.because()) + "]";
    return switch (told.what()) {
      case DELIVERED -> {
        boolean clear = !Deeds.of(ticket.sighting(told.label())).inClear().isEmpty();
        String how =
            clear || told.tls() == null
                ? "in clear, which nothing forbids there"
                : "under " + told.tls().version() + ", certificate " + told.tls().verdict();
        yield "DELIVERED " + how + source;
      }
      case WAITS -> "NOT SENT, waits: " + told.text() + source;
      case RETURNED -> "RETURNED to the sender: " + told.text();
    };
  }

  private Set<String> tellOfClear(Ticket ticket, List<DemoDestination> destinations) {
    Set<String> clear = new TreeSet<>();
    List<String> never = new ArrayList<>();
    for (DemoDestination d : destinations) {
      Deeds deeds = Deeds.of(ticket.sighting(d.label()));
      if (!deeds.inClear().isEmpty() || deeds.envelopesInClear()) {
        clear.add(d.label());
      } else if (d.kind() != DemoDestination.Kind.ORDINARY) {
        never.add(d.label());
      }
    }
    out.println("\nWhat the other side saw");
    out.println("  in clear:       " + String.join(" ", clear));
    out.println(
        "  never in clear: "
            + String.join(" ", never)
            + " (not the message, not even who writes to whom)");
    return clear;
  }

  /** A scan of our own domain, as a stranger would do it. */
  private Report examine(Path folder, DemoStage stage, Depth depth)
      throws IOException, InterruptedException {
    Target target = new Target.MailDomain(DemoStage.HOME);
    Arguments arguments =
        new Arguments(
            Map.of(
                "--dns",
                stage.resolver(),
                "--trust-anchor",
                folder.resolve("anchor").toString(),
                "--roots",
                folder.resolve("ca.pem").toString(),
                "--port",
                "" + stage.lab().settings().smtpPort(),
                "--policy-port",
                "" + stage.lab().settings().httpsPort(),
                "--allow-private",
                "",
                "--ehlo",
                "examiner.example"),
            List.of());
    try {
      return new Assessment(
              Examiner.of(arguments, around, folders, target).setup(),
              target,
              Budget.of(depth).withTotal(SCAN),
              Progress.none())
          .run();
    } catch (Arguments.Misuse e) {
      throw new IllegalStateException(e);
    }
  }

  private void grades(Ending ending) {
    Grade grade = ending.sender().grade();
    out.println("\nGrades");
    out.println(
        "  as a sender    "
            + grade.text()
            + ": "
            + ending.sender().leaks().size()
            + " leaks, "
            + ending.sender().losses().size()
            + " losses; "
            + grade.score()
            + " of the "
            + grade.parts().stream().mapToInt(Grade.Part::most).sum()
            + " points that these "
            + DemoDestination.all().size()
            + " rows can earn (sealwax lab local has "
            + Traps.rows().size()
            + ")");
    Report receiver = ending.receiver();
    out.println(
        "  as a receiver  "
            + receiver.letter()
            + ": what strangers see of "
            + DemoStage.HOME
            + " and of its mail host, which is this router: "
            + receiver.graded().map(Demo::shortcomings).orElse(receiver.ungraded())
            + " ("
            + receiver.depth().name().toLowerCase(Locale.ROOT)
            + " depth)");
    if (!ending.undecided().isEmpty()) {
      out.println("  not decided in time: " + String.join(" ", ending.undecided()));
    }
    ending.troubles().forEach(t -> out.println("  trouble: " + t));
  }

  /** What there is, and where points are missing. */
  private static String shortcomings(Grade grade) {
    String missing =
        grade.parts().stream()
            .filter(p -> p.points() < p.most())
            .map(p -> p.category() + " " + p.points() + "/" + p.most())
            .collect(Collectors.joining(", "));
    return grade.score() + " of 100 points" + (missing.isEmpty() ? "" : "; " + missing);
  }
}
