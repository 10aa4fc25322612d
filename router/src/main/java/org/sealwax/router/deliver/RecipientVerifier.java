package org.sealwax.router.deliver;

import java.time.Duration;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.net.Deadline;
import org.sealwax.mail.smtp.session.ClientSession;
import org.sealwax.router.deliver.OutgoingTransaction.StoredContent;
import org.sealwax.router.log.MailLog;
import org.sealwax.router.queue.Consignment;
import org.sealwax.router.queue.FailureCause;
import org.sealwax.router.queue.NextHop;
import org.sealwax.router.queue.Recipient;
import org.sealwax.router.route.RecipientProbe;

/**
 * Asks a next hop whether it would take a recipient: the same plan, greeting, policy and
 * conversation as for mail, with MAIL from the null path, and RSET in place of the content.
 * Thread-safe.
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
      return new VerificationResult.NotKnown("a command cannot be queried");
    }
    RoundPurpose purpose = RoundPurpose.verify(recipient, nextHop);
    RecipientVerification question = new RecipientVerification(purpose.consignment());
    Thread me = Thread.currentThread();
    try (Deadline deadline = Deadline.after(TOTAL, me::interrupt)) {
      try {
        agent.unrecordedRound(connector, purpose, question).run();
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

  private final class RecipientVerification implements RoundWork {
    private final Consignment question;
    private @Nullable VerificationResult answer;
    private String reason = "no host could be queried";

    /** A host of better preference gave no answer: one of lower preference must not replace it. */
    private boolean putOff;

    RecipientVerification(Consignment question) {
      this.question = question;
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
    public ConnectionResult runOn(HostConnection host) {
      ClientSession session = host.session();
      Recipient recipient = question.recipients().getFirst();
      if (!recipient.target().mailbox().isAscii() && !session.capabilities().offersSmtpUtf8()) {
        reason = FailureTable.needsSmtpUtf8(host.logName()).text();
        session.quit();
        return ConnectionResult.CLOSED;
      }
      NextHostOrLater.HostPosition position =
          host.position(putOff, Set.of(), question.recipients());
      OutgoingTransaction transaction =
          new OutgoingTransaction(
              host,
              new EnvelopeCommands(
                  new StoredContent(question), session.capabilities(), false, true),
              question.recipients(),
              connector.times());
      Transcript transcript = transaction.runEnvelope();
      NextHostOrLater.VerificationStep step = NextHostOrLater.ofVerification(transcript, position);
      answer = step.answer();
      reason = step.reason();
      putOff |= step.putsOff();
      if (step.connection() != ConnectionResult.REUSABLE) {
        session.quit();
        return step.connection();
      }
      if (transaction.takeBack() instanceof Transcript.Ending.Replied && transaction.isInStep()) {
        return ConnectionResult.REUSABLE;
      }
      session.quit();
      return ConnectionResult.CLOSED;
    }
  }
}
