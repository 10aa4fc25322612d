package org.sealwax.assess.receiver;

import java.io.IOException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.sealwax.assess.AddressVisit;
import org.sealwax.assess.Probe;
import org.sealwax.assess.model.Check;
import org.sealwax.assess.model.Finding;
import org.sealwax.assess.model.FindingEvidence;
import org.sealwax.assess.model.FindingLocation;
import org.sealwax.assess.model.LocatedCheck;
import org.sealwax.assess.model.ScanDepth;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.message.Rfc5322Date;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.Deadline;
import org.sealwax.mail.net.Dialer;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.smtp.EnhancedStatus;
import org.sealwax.mail.smtp.Reply;

/**
 * Whether anything but CRLF.CRLF ends a message (RFC 5321 4.1.1.4; CVE-2023-51764, -51765, -51766).
 * One message to a mailbox of the user contains one false end after the other; a reply before the
 * true end shows that one was taken. It ends with the first message that the server takes, so that
 * at most one is sent, whatever the number of addresses. Thread-safe.
 */
public final class SmugglingProbe implements Probe {
  /** A server that refuses bare line ends may disconnect at each of them. */
  public static final int CONNECTIONS =
      FalseEndOfData.values().length + SmtpClientSession.CONNECTIONS;

  private static final Check CHECK = Check.of("smtp.smuggling");

  private static final Pattern ENDS =
      Pattern.compile("\\b(bare|lf|cr|nul|newlines?|line ?feeds?)\\b", Pattern.CASE_INSENSITIVE);

  /** Servers that scan the content answer later; their replies are read after the true end. */
  private static final Duration LISTEN = Duration.ofSeconds(3);

  /** What is not the end of a message. */
  private enum FalseEndOfData {
    LF_LF("LF . LF", "\n.\n"),
    LF_CRLF("LF . CR LF", "\n.\r\n"),
    CRLF_LF("CR LF . LF", "\r\n.\n"),
    CR_CR("CR . CR", "\r.\r"),
    CRLF_CR("CR LF . CR", "\r\n.\r"),
    CR_CRLF("CR . CR LF", "\r.\r\n"),
    NUL("CR LF NUL . CR LF", "\r\n\0.\r\n");

    private final String shown;
    private final String bytes;

    FalseEndOfData(String shown, String bytes) {
      this.shown = shown;
      this.bytes = bytes;
    }
  }

  private final Mailbox own;
  private final Dialer dialer;
  private final Clock clock;
  private final RandomSource random;
  private final ScanTimeouts timeouts;
  private final Duration listen;
  private final AtomicReference<@Nullable FindingLocation> sentAt = new AtomicReference<>();

  /**
   * Toward this mailbox.
   *
   * @param own mailbox of the user, at this very server
   */
  public SmugglingProbe(Mailbox own, Dialer dialer, Clock clock, RandomSource random) {
    this(own, dialer, clock, random, ScanTimeouts.defaults(), LISTEN);
  }

  SmugglingProbe(
      Mailbox own,
      Dialer dialer,
      Clock clock,
      RandomSource random,
      ScanTimeouts timeouts,
      Duration listen) {
    this.own = own;
    this.dialer = dialer;
    this.clock = clock;
    this.random = random;
    this.timeouts = timeouts;
    this.listen = listen;
  }

  @Override
  public List<Check> checks() {
    return List.of(CHECK);
  }

  @Override
  public int reserve(ScanDepth depth) {
    return CONNECTIONS;
  }

  @Override
  public List<Finding> run(AddressVisit visit) throws InterruptedException {
    visit.reportProgress("smuggling test");
    SmugglingRun run =
        new SmugglingRun(
            new AddressScan(
                visit, new SmtpConnector(visit, dialer, clock, timeouts).withoutRetries(), random));
    Finding finding;
    try {
      finding = run.all();
    } catch (ProbeFailed e) {
      finding = run.here.inconclusive(run.repliesSoFar() + e.observed());
    }
    return List.of(finding.with(FindingEvidence.transcript(run.replies.toString())));
  }

  /**
   * Whether a refusal is of the line ends. A message that is refused for what is in it, at a false
   * end, would mean that this end was taken.
   */
  static boolean rejectsLineEnds(Reply reply) {
    EnhancedStatus status = reply.status();
    // 521 and 5.5.2 are the immediate replies of Postfix; RFC 3463 3.6: x.5.2 is a syntax error.
    boolean syntax = reply.code() == 521 || status != null && status.toString().endsWith(".5.2");
    return reply.isPermanent() && (syntax || ENDS.matcher(reply.toString()).find());
  }

  /** One run over one address. */
  private final class SmugglingRun {
    private final AddressScan scan;
    private final AddressVisit visit;
    private final LocatedCheck here;
    private final List<FalseEndOfData> passed = new ArrayList<>();
    private final List<String> refusals = new ArrayList<>();
    private final List<String> openQuestions = new ArrayList<>();
    private final StringBuilder replies = new StringBuilder();

    SmugglingRun(AddressScan scan) {
      this.scan = scan;
      this.visit = scan.visit();
      this.here = CHECK.at(visit.location());
    }

    String repliesSoFar() {
      return passed.isEmpty() ? "" : "after " + passed.size() + " forms: ";
    }

    Finding all() throws ProbeFailed, InterruptedException {
      while (true) {
        SmtpConnection connection = SmtpClientSession.open(scan);
        try (Deadline _ = Deadline.after(visit.timeLeft(), connection.wire())) {
          Finding finding = message(connection);
          if (finding != null) {
            return finding;
          }
        } catch (IOException e) {
          throw new ProbeFailed(
              SmtpConnection.meaning(e), "the connection ends: " + FailureText.of(e));
        } finally {
          replies.append(connection.transcript());
          connection.sendQuit();
        }
      }
    }

    /** One message with those ends that were not judged yet; null when it was refused midway. */
    private @Nullable Finding message(SmtpConnection connection) throws IOException {
      for (String command : List.of("MAIL FROM:<" + own + ">", "RCPT TO:<" + own + ">")) {
        Reply reply = connection.exchange(command, timeouts.reply());
        if (!reply.isPositive()) {
          return here.inconclusive(repliesSoFar() + command + " is answered " + reply);
        }
      }
      FindingLocation other = sentAt.compareAndExchange(null, visit.location());
      if (other != null && !other.equals(visit.location())) {
        return here.notTested("one message is enough: it was sent to " + other.text());
      }
      Reply go = connection.exchange("DATA", timeouts.reply());
      if (!go.isIntermediate()) {
        return here.inconclusive(repliesSoFar() + "DATA is answered " + go);
      }
      connection.send(head(), "(a message)");
      for (FalseEndOfData end : FalseEndOfData.values()) {
        if (passed.contains(end)) {
          continue;
        }
        // Where it was taken as the end, this line is an unknown command.
        connection.send("Sealwax-Test-" + end + " " + end.shown + end.bytes, end.shown);
        Reply early;
        try {
          early = connection.reply(listen);
        } catch (SocketTimeoutException e) {
          passed.add(end);
          continue;
        } catch (IOException e) {
          return rejectedAt(end, "the connection ends");
        }
        if (early.isPositive()) {
          return accepted("a message that ends with " + end.shown + " is accepted: " + early);
        }
        if (!rejectsLineEnds(early)) {
          openQuestions.add(end.shown + " is answered " + early);
        }
        return rejectedAt(end, early.toString());
      }
      return trueEnd(connection);
    }

    /** Refused at this end: no message was taken, and the other ends are for the next one. */
    private @Nullable Finding rejectedAt(FalseEndOfData end, String how) {
      passed.add(end);
      refusals.add(end.shown + ": " + how);
      return passed.size() == FalseEndOfData.values().length ? notVulnerable() : null;
    }

    private Finding trueEnd(SmtpConnection connection) throws IOException {
      connection.send("Sealwax-Test-END\r\n.\r\n", "CR LF . CR LF");
      Reply last = connection.reply(timeouts.reply());
      try {
        // Had an end been taken while its answer was still to come, the lines after it were read
        // as commands, and their refusals come before this answer.
        Reply next = connection.exchange("NOOP", timeouts.reply());
        boolean late = !next.isPositive() && next.code() != 421;
        if (late && last.isPositive()) {
          return accepted(
              "a false end is accepted, replied late: "
                  + last
                  + ", and then a line of text is "
                  + next);
        }
        if (late && !rejectsLineEnds(last)) {
          openQuestions.add("a false end, late, is answered " + last);
        }
      } catch (IOException e) {
        // It closes after the message: its answer counts.
      }
      if (!last.isPositive()) {
        refusals.add("at its end: " + last);
      }
      return notVulnerable();
    }

    private Finding accepted(String seen) {
      return here.fail(seen).as("accepted");
    }

    private Finding notVulnerable() {
      if (!openQuestions.isEmpty()) {
        return here.inconclusive(
            "rejected for its end or for its content? " + String.join(", ", openQuestions));
      }
      return here.pass(
          "none of "
              + FalseEndOfData.values().length
              + " false ends is accepted"
              + (refusals.isEmpty()
                  ? "; one message was sent to " + own
                  : "; refused are " + String.join(", ", refusals)));
    }

    private String head() {
      return "From: <"
          + own
          + ">\r\nTo: <"
          + own
          + ">\r\nSubject: Smuggling test\r\nDate: "
          + Rfc5322Date.of(clock.now())
          + "\r\nMessage-ID: <"
          + java.util.HexFormat.of().formatHex(random.bytes(12))
          + "@"
          + own.domain()
          + ">\r\nAuto-Submitted: auto-generated\r\n\r\n"
          + "You requested this test of the end of messages at your mail server. If the server is safe, this"
          + " is the whole message.\r\n";
    }
  }
}
