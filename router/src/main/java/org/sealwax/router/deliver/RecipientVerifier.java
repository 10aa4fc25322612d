package org.sealwax.router.deliver;

import java.io.IOException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.net.Deadline;
import org.sealwax.mail.smtp.Reply;
import org.sealwax.mail.smtp.session.ClientSession;
import org.sealwax.mail.smtp.session.SmtpTimeouts;
import org.sealwax.router.log.MailLog;
import org.sealwax.router.queue.FailureCause;
import org.sealwax.router.queue.NextHop;
import org.sealwax.router.route.RecipientProbe;

/**
 * Asks a next hop whether it would take a recipient: the same plan, greeting and policy as for
 * mail, then MAIL from the null path, RCPT and RSET. Thread-safe.
 */
public final class RecipientVerifier implements RecipientProbe {
  /** For the whole question: a client waits for the answer to its RCPT, for 5 minutes at most. */
  static final Duration TOTAL = Duration.ofSeconds(30);

  /** For each single answer. */
  static final Duration EACH = Duration.ofSeconds(10);

  private final SmtpDeliveryAgent agent;
  private final HostConnector connector;
  private final MailLog log;

  RecipientVerifier(SmtpDeliveryAgent agent, HostConnector connector, MailLog log) {
    this.agent = agent;
    this.connector = connector.with(connector.times().atMost(EACH));
    this.log = log;
  }

  @Override
  public VerificationResult probe(Mailbox recipient, NextHop nextHop) {
    if (!(nextHop instanceof NextHop.ByMx || nextHop instanceof NextHop.Fixed)) {
      return new VerificationResult.NotKnown("a command cannot be asked");
    }
    RecipientVerification question = new RecipientVerification(recipient, connector.times());
    Thread me = Thread.currentThread();
    try (Deadline deadline = Deadline.after(TOTAL, me::interrupt)) {
      try {
        agent.unrecordedRound(connector, RoundPurpose.verify(recipient), question, nextHop).run();
      } catch (InterruptedException e) {
        question.reason = "no answer within " + TOTAL.toSeconds() + " s";
      } catch (RuntimeException e) {
        log.bug("probe", e);
        question.reason = "internal error";
      }
      if (deadline.passed()) {
        // The interrupt was ours; the caller must not find it.
        boolean local = Thread.interrupted();
        question.reason += local ? "" : " (too late)";
      }
    }
    VerificationResult answer = question.answer;
    return answer == null ? new VerificationResult.NotKnown(question.reason) : answer;
  }

  private static final class RecipientVerification implements RoundWork {
    private final Mailbox recipient;
    private final SmtpTimeouts times;
    private @Nullable VerificationResult answer;
    private String reason = "no host could be asked";

    /** A host of better preference gave no answer: one of lower preference must not replace it. */
    private boolean putOff;

    RecipientVerification(Mailbox recipient, SmtpTimeouts times) {
      this.recipient = recipient;
      this.times = times;
    }

    @Override
    public boolean isDone() {
      return answer != null;
    }

    @Override
    public void hostSkipped(FailureCause cause) {
      reason = cause.text();
    }

    @Override
    public void noHosts(FailureMeaning meaning) {
      reason = meaning.cause().text();
    }

    @Override
    public ConnectionResult runOn(HostConnection connection) {
      ClientSession dialogue = connection.session();
      boolean reused = !connection.isUnused();
      boolean heard = false;
      connection.transactionBegan();
      try {
        connection.assertMeetsRequirement(false);
        boolean utf8 = !recipient.isAscii();
        if (utf8 && !dialogue.capabilities().offersSmtpUtf8()) {
          reason = FailureTable.needsSmtpUtf8(connection.logName()).text();
          dialogue.quit();
          return ConnectionResult.CLOSED;
        }
        Reply mail = dialogue.exchange("MAIL FROM:<>" + (utf8 ? " SMTPUTF8" : ""), times.mail());
        heard = true;
        if (!mail.isPositive()) {
          reason = connection.logName() + " said at MAIL: " + mail;
          putOff |= mail.isTransient();
          dialogue.quit();
          return isForIpv4(mail, connection)
              ? ConnectionResult.OVER_IPV4
              : ConnectionResult.NEXT_HOST;
        }
        Reply rcpt = dialogue.exchange("RCPT TO:<" + recipient + ">", times.rcpt());
        boolean refused =
            FailureTable.of(TransactionStage.RCPT, rcpt, connection.logName()).action()
                == FailureMeaning.FailureAction.REFUSE;
        if (rcpt.isPositive()) {
          answer = new VerificationResult.Exists();
        } else if (refused && isForIpv4(rcpt, connection)) {
          reason = connection.logName() + " said at RCPT: " + rcpt;
          dialogue.quit();
          return ConnectionResult.OVER_IPV4;
        } else if (refused && !putOff) {
          answer = new VerificationResult.Refused(rcpt);
        } else {
          reason = connection.logName() + " said at RCPT: " + rcpt;
          answer = new VerificationResult.NotKnown(reason);
        }
        Reply reset = dialogue.exchange("RSET", times.rcpt());
        if (reset.isPositive()) {
          return ConnectionResult.REUSABLE;
        }
        dialogue.quit();
        return ConnectionResult.CLOSED;
      } catch (IOException e) {
        dialogue.closeQuietly();
        if (reused && !heard) {
          return ConnectionResult.STALE;
        }
        reason =
            FailureTable.lost(
                    heard ? TransactionStage.RCPT : TransactionStage.MAIL, e, connection.logName())
                .cause()
                .text();
        return answer == null ? ConnectionResult.NEXT_HOST : ConnectionResult.CLOSED;
      }
    }

    private static boolean isForIpv4(Reply reply, HostConnection connection) {
      return connection.hasIpv4Alternative() && FailureTable.isAboutIpv6(reply);
    }
  }
}
