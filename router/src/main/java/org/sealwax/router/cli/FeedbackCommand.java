package org.sealwax.router.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.List;
import org.sealwax.mail.cli.Arguments;
import org.sealwax.mail.cli.Command;
import org.sealwax.mail.cli.ExitStatus;
import org.sealwax.mail.cli.ProcessEnvironment;
import org.sealwax.mail.cli.TemporaryFolder;
import org.sealwax.mail.json.Json;
import org.sealwax.mail.net.Clock;
import org.sealwax.router.feedback.FeedbackCount;
import org.sealwax.router.feedback.FeedbackStore;
import org.sealwax.router.feedback.FeedbackSummary;
import org.sealwax.router.wiring.DatabaseCopy;
import org.sealwax.router.wiring.IncomingFeedback;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** {@code sealwax feedback}: what others report about our mail; no server is needed. */
public final class FeedbackCommand {
  /** Days that are added up by default. */
  private static final int DAYS = 8;

  private final ProcessEnvironment process;
  private final ConfigurationSource configuration;

  public FeedbackCommand(ProcessEnvironment process) {
    this.process = process;
    this.configuration = new ConfigurationSource(process);
  }

  /** {@code feedback}. */
  public Command command() {
    return Command.of(
        """
        sealwax feedback
        summarize what others report about our mail

        Prints how often bounces to rewritten senders, abuse reports (ARF, RFC 5965) and DMARC
        aggregate reports (RFC 9990) were received, by alias, target and source, and the targets
        of aliases that have answered "unknown user" on seven consecutive days. A report is a claim
        of its sender and is not verified; the replies about targets are those that this server
        received. No server is needed. Exit code 0: no dead alias; 1: a dead alias.

        --json              print JSON: each count by itself
        --since DAY         from this UTC day on: 2026-11-24, or for a number of days: 30d (8d)

        $ sealwax feedback --since 30d
        """,
        this::run);
  }

  private int run(Arguments arguments) throws IOException {
    LocalDate today = LocalDate.ofInstant(Clock.system().now(), ZoneOffset.UTC);
    LocalDate since = DayOption.since(arguments, today, DAYS);
    Path state = configuration.state(arguments);
    FeedbackStore.StoredFeedback stored;
    try (TemporaryFolder copy = TemporaryFolder.create(process, "sealwax-feedback")) {
      Path file = copy.path().resolve(FeedbackStore.FILE);
      DatabaseCopy.copy(IncomingFeedback.storeFile(state), file);
      stored = FeedbackStore.read(file, since, today);
    }
    if (arguments.has("--json")) {
      json(stored, since);
    } else {
      text(stored, since);
    }
    return stored.dead().isEmpty() ? ExitStatus.OK : ExitStatus.WARNINGS;
  }

  private void text(FeedbackStore.StoredFeedback stored, LocalDate since) {
    PrintStream out = process.out();
    List<String> lines = FeedbackSummary.sentences(stored.counts());
    if (lines.isEmpty()) {
      out.println("no reports from " + since + " on");
    } else {
      out.println("reported by others from " + since + " on, and not verified:");
      lines.forEach(line -> out.println("  " + line));
    }
    stored.dead().forEach(out::println);
  }

  private void json(FeedbackStore.StoredFeedback stored, LocalDate since) {
    ObjectNode out = Json.object();
    out.put("since", since.toString());
    ArrayNode counts = out.putArray("reported");
    for (FeedbackCount count : stored.counts()) {
      ObjectNode one = counts.addObject();
      one.put("day", count.day().toString());
      one.put("kind", count.kind().word());
      one.put("about", count.about().alias());
      one.put("target", count.about().target());
      one.put("source", count.source().name());
      one.put("detail", count.detail());
      one.put("times", count.times());
    }
    ArrayNode dead = out.putArray("dead_aliases");
    stored.dead().forEach(dead::add);
    process.out().println(Json.line(out));
  }
}
