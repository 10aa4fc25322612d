package org.sealwax.app;

import java.io.IOException;
import java.io.PrintStream;
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
import org.sealwax.assess.ProgressListener;
import org.sealwax.assess.cli.AssessCommand;
import org.sealwax.assess.cli.AssessmentSetup;
import org.sealwax.assess.model.AssessmentBudget;
import org.sealwax.assess.model.AssessmentReport;
import org.sealwax.assess.model.AssessmentTarget;
import org.sealwax.assess.model.Grade;
import org.sealwax.assess.model.ScanDepth;
import org.sealwax.lab.judge.SenderAssessment;
import org.sealwax.lab.judge.SenderProfile;
import org.sealwax.lab.judge.SenderReport;
import org.sealwax.lab.judge.SightingFacts;
import org.sealwax.lab.site.LabToken;
import org.sealwax.lab.traps.Traps;
import org.sealwax.mail.cli.Arguments;
import org.sealwax.mail.cli.ExitStatus;
import org.sealwax.mail.cli.ProcessEnvironment;
import org.sealwax.mail.cli.TemporaryFolder;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.router.cli.Sendmail;
import org.sealwax.router.cli.SendmailArguments;
import org.sealwax.router.server.Router;

/**
 * The demo: the lab's network, the router in it, and one message to each of some ordinary,
 * excellent and attacked destinations, shown as it happens; then the grade of both sides. Plaintext
 * and TLS are reported as the lab saw them arrive, not as the router logs them. Nothing is left
 * afterwards.
 */
final class Demo {
  /**
   * Longest wait for all to be decided: that takes six to nine seconds on an idle machine, and ends
   * the wait.
   */
  static final Duration PATIENCE = Duration.ofSeconds(30);

  /** Longest scan of our own domain: on such a machine it takes a second or two. */
  private static final Duration SCAN = Duration.ofSeconds(20);

  private static final Duration POLL_INTERVAL = Duration.ofMillis(200);

  private final ProcessEnvironment process;
  private final Clock clock;
  private final Duration patience;
  private final PrintStream out;

  /** {@code patience}: time limit for mail to be delivered or refused. */
  Demo(ProcessEnvironment around, Clock clock, Duration patience) {
    this.process = around;
    this.clock = clock;
    this.patience = patience;
    this.out = around.out();
  }

  /**
   * How it ended.
   *
   * @param sender the lab's assessment of the router
   * @param receiver the assessment of its listener
   * @param undecided labels of destinations about which nothing was decided in time
   * @param plaintext labels of destinations at which a message or envelope came unencrypted
   * @param errors errors of the router itself
   * @param last last logged fact of each destination, by label
   */
  record DemoResult(
      SenderReport sender,
      AssessmentReport receiver,
      Set<String> undecided,
      Set<String> plaintext,
      List<String> errors,
      Map<String, String> last) {
    /** Copies; labels in their order. */
    DemoResult {
      last = Map.copyOf(last);
      undecided = Collections.unmodifiableSet(new TreeSet<>(undecided));
      plaintext = Collections.unmodifiableSet(new TreeSet<>(plaintext));
      errors = List.copyOf(errors);
    }

    /** Whether every result is as expected. */
    boolean good() {
      return sender.leaks().isEmpty() && !sender.loses() && undecided.isEmpty() && errors.isEmpty();
    }
  }

  /**
   * Runs it.
   *
   * @throws IOException when this machine does not allow it
   * @throws InterruptedException when the user interrupts it; nothing is left then either
   */
  DemoResult run() throws IOException, InterruptedException {
    RandomSource random = RandomSource.secure();
    DemoLog log = new DemoLog();
    List<DemoDestination> destinations = DemoDestination.all();
    out.println("Setting up a small internet on loopback ...");
    out.flush();
    try (TemporaryFolder folder = TemporaryFolder.create(process, "sealwax-demo");
        DemoEnvironment stage =
            DemoEnvironment.open(
                destinations.stream().map(DemoDestination::trapCase).toList(),
                clock,
                random,
                out)) {
      stage.write(folder.path());
      try (Router router = stage.router(folder.path(), clock, random, log)) {
        printIntroduction(stage, router, destinations);
        submit(folder.path(), stage.token(), destinations);
        Map<String, String> last = new HashMap<>();
        Set<String> undecided = watch(log, stage.token(), destinations, last);
        SenderReport sender = judged(stage.token(), true);
        Set<String> clear = reportPlaintext(stage.token(), destinations);
        AssessmentReport receiver = examine(folder.path(), stage);
        DemoResult result = new DemoResult(sender, receiver, undecided, clear, log.errors(), last);
        grades(result);
        return result;
      }
    }
  }

  private void printIntroduction(
      DemoEnvironment stage, Router router, List<DemoDestination> destinations) {
    out.println(
        "Ready: signed DNS, "
            + destinations.size()
            + " mail domains, port "
            + stage.lab().settings().smtpPort()
            + ". Sealwax runs in it, with its defaults and short waits, as "
            + DemoEnvironment.NAME
            + ", listening at "
            + router.addresses().getFirst().getAddress().getHostAddress()
            + " port "
            + router.addresses().getFirst().getPort()
            + ".");
    for (DemoDestination.Kind kind : DemoDestination.Kind.values()) {
      out.println("\n" + kind.title());
      destinations.stream()
          .filter(d -> d.kind() == kind)
          .forEach(d -> out.println(line(d.label(), d.description())));
    }
    out.println("\nOne message is sent to each.");
  }

  private static String line(String label, String text) {
    return String.format(Locale.ROOT, "  %-4s %s", label, text);
  }

  /** Submits one message for each destination to the router, as local programs do. */
  private void submit(Path state, LabToken token, List<DemoDestination> destinations)
      throws IOException, InterruptedException {
    for (DemoDestination destination : destinations) {
      String to = token.recipient(destination.label());
      String message =
          "From: %s\nTo: %s\nSubject: demo\n\nThis text must stay confidential.\n"
              .formatted(token.sender(), to);
      ProcessEnvironment caller = process.with(message, process.out());
      int code =
          new Sendmail(caller, clock, RandomSource.secure())
              .run(
                  SendmailArguments.read(List.of("-i", "-f", token.sender(), to)),
                  state,
                  DemoEnvironment.NAME);
      if (Thread.interrupted()) {
        throw new InterruptedException(); // which had closed the channel to the router
      }
      if (code != ExitStatus.OK) {
        throw new IOException("the router did not accept the message to " + to);
      }
    }
  }

  /** Reports results until every destination has been decided; returns those that were not. */
  private Set<String> watch(
      DemoLog log, LabToken token, List<DemoDestination> destinations, Map<String, String> last)
      throws InterruptedException {
    Set<String> open = new TreeSet<>();
    Set<String> reported = new TreeSet<>();
    Set<String> attacked = new TreeSet<>();
    for (DemoDestination d : destinations) {
      open.add(d.label());
      if (d.kind() == DemoDestination.Kind.ATTACKED) {
        attacked.add(d.label());
      }
    }
    long end = clock.nanoTime() + patience.toNanos();
    while (clock.nanoTime() < end) {
      DemoLog.DemoRecipientEvent next = log.next(POLL_INTERVAL);
      if (next == null) {
        if (open.isEmpty() && printEvent(token)) {
          return open;
        }
        continue;
      }
      boolean known = token.find(next.label()).isPresent();
      // Each outcome of a destination is shown once.
      if (known && reported.add(next.label() + next.status())) {
        String sentence = sentence(next, token);
        last.put(next.label(), sentence);
        out.println(line(next.label(), sentence));
      }
      boolean decided =
          switch (next.status()) {
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
  private static boolean printEvent(LabToken token) {
    return judged(token, false).traps().stream().allMatch(f -> f.outcome().known());
  }

  private static SenderReport judged(LabToken token, boolean ended) {
    return new SenderAssessment(SenderProfile.OPPORTUNISTIC, ended).report(token.sightings());
  }

  private static String sentence(DemoLog.DemoRecipientEvent event, LabToken token) {
    String source = event.reason().isEmpty() ? "" : " [" + String.join("; ", event.reason()) + "]";
    return switch (event.status()) {
      case DELIVERED -> {
        boolean clear = !SightingFacts.of(token.sighting(event.label())).inPlaintext().isEmpty();
        String how =
            clear || event.tls() == null
                ? "in plaintext, which no policy forbids"
                : "under " + event.tls().version() + ", certificate " + event.tls().verdict();
        yield "DELIVERED " + how + source;
      }
      case WAITS -> "NOT SENT, waits: " + event.text() + source;
      case RETURNED -> "RETURNED to the sender: " + event.text();
    };
  }

  private Set<String> reportPlaintext(LabToken token, List<DemoDestination> destinations) {
    Set<String> clear = new TreeSet<>();
    List<String> never = new ArrayList<>();
    for (DemoDestination d : destinations) {
      SightingFacts facts = SightingFacts.of(token.sighting(d.label()));
      if (!facts.inPlaintext().isEmpty() || facts.envelopesInPlaintext()) {
        clear.add(d.label());
      } else if (d.kind() != DemoDestination.Kind.ORDINARY) {
        never.add(d.label());
      }
    }
    out.println("\nReceived by the mail hosts");
    out.println("  in plaintext:     " + String.join(" ", clear));
    out.println(
        "  not in plaintext: " + String.join(" ", never) + " (neither message nor envelope)");
    return clear;
  }

  /** A scan of our own domain, as another site would do it. */
  private AssessmentReport examine(Path folder, DemoEnvironment stage)
      throws IOException, InterruptedException {
    AssessmentTarget target = new AssessmentTarget.DomainTarget(DemoEnvironment.HOME);
    Arguments arguments =
        AssessCommand.command(process)
            .read(
                List.of(
                    target.text(),
                    "--dns=" + stage.resolver(),
                    "--trust-anchor=" + folder.resolve("anchor"),
                    "--roots=" + folder.resolve("ca.pem"),
                    "--port=" + stage.lab().settings().smtpPort(),
                    "--policy-port=" + stage.lab().settings().httpsPort(),
                    "--allow-private",
                    "--ehlo=examiner.example"));
    return AssessmentSetup.of(arguments, process, target)
        .assessor()
        .assess(
            target,
            AssessmentBudget.of(ScanDepth.STANDARD).withTotal(SCAN),
            ProgressListener.none());
  }

  private void grades(DemoResult result) {
    Grade grade = result.sender().grade();
    out.println("\nGrades");
    out.println(
        "  as a sender    "
            + grade.text()
            + ": "
            + result.sender().leaks().size()
            + " leaks, "
            + result.sender().losses().size()
            + " losses; "
            + grade.score()
            + " of the "
            + grade.parts().stream().mapToInt(Grade.CategoryScore::most).sum()
            + " points that these "
            + DemoDestination.all().size()
            + " test cases can earn (sealwax lab local has "
            + Traps.cases().size()
            + ")");
    AssessmentReport receiver = result.receiver();
    out.println(
        "  as a receiver  "
            + receiver.letter()
            + ": "
            + receiver.graded().map(Demo::missingPoints).orElse(receiver.ungraded())
            + " for "
            + DemoEnvironment.HOME
            + ", whose mail host is this router ("
            + receiver.depth().name().toLowerCase(Locale.ROOT)
            + " assessment)");
    if (!result.undecided().isEmpty()) {
      out.println("  not decided in time: " + String.join(" ", result.undecided()));
    }
    result.errors().forEach(t -> out.println("  error: " + t));
  }

  /** The grade, and the categories that lack points. */
  private static String missingPoints(Grade grade) {
    String missing =
        grade.parts().stream()
            .filter(p -> p.points() < p.most())
            .map(p -> p.category() + " " + p.points() + "/" + p.most())
            .collect(Collectors.joining(", "));
    return grade.score() + " of 100 points" + (missing.isEmpty() ? "" : "; " + missing);
  }
}
