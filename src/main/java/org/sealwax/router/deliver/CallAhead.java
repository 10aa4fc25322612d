package org.sealwax.router.deliver;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.MailHost;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.net.Deadline;
import org.sealwax.mail.policy.Evidence;
import org.sealwax.mail.smtp.Reply;
import org.sealwax.mail.smtp.session.ClientDialogue;
import org.sealwax.mail.smtp.session.SmtpTimes;
import org.sealwax.mail.tls.TlsClient;
import org.sealwax.router.queue.Cause;
import org.sealwax.router.queue.NextHop;
import org.sealwax.router.route.RecipientProbe;

/**
 * Asks a next hop whether it would take a recipient: the same plan, greeting and policy as for
 * mail, then MAIL from the null path, RCPT and RSET. Thread-safe.
 */
public final class CallAhead implements RecipientProbe {
  /** For the whole question: a client waits for the answer to its RCPT, for 5 minutes at most. */
  static final Duration TOTAL = Duration.ofSeconds(30);

  /** For each single answer. */
  static final Duration EACH = Duration.ofSeconds(10);

  private final Tools tools;

  CallAhead(Tools tools, TlsClient tls) {
    DeliverSettings s = tools.settings();
    this.tools =
        tools.with(
            new DeliverSettings(
                s.ehlo(),
                s.ownNames(),
                s.ownEndpoints(),
                s.mxPort(),
                s.ipv4(),
                s.ipv6(),
                s.bind4(),
                s.bind6(),
                s.stagger(),
                s.times().atMost(EACH),
                s.pool(),
                s.hybrid(),
                s.tickets(),
                s.clientCertificate(),
                s.hold(),
                s.level(),
                s.floors(),
                s.rows(),
                s.routes()),
            tls);
  }

  @Override
  public Result probe(Mailbox recipient, NextHop nextHop) {
    if (!(nextHop instanceof NextHop.ByMx || nextHop instanceof NextHop.Fixed)) {
      return new Result.NotKnown("a command cannot be asked");
    }
    Question question = new Question(recipient, tools.settings().times());
    Thread me = Thread.currentThread();
    try (Deadline deadline = Deadline.after(TOTAL, me::interrupt)) {
      try {
        new Round(tools, question, nextHop).run();
      } catch (InterruptedException e) {
        question.reason = "no answer within " + TOTAL.toSeconds() + " s";
      } catch (RuntimeException e) {
        tools.log().bug("probe", e);
        question.reason = "internal error";
      }
      if (deadline.passed()) {
        // The interrupt was ours; whoever called must not find it.
        boolean ours = Thread.interrupted();
        question.reason += ours ? "" : " (too late)";
      }
    }
    Result answer = question.answer;
    return answer == null ? new Result.NotKnown(question.reason) : answer;
  }

  private static final class Question implements Errand {
    private final Mailbox recipient;
    private final SmtpTimes times;
    private @Nullable Result answer;
    private String reason = "no host could be asked";

    /** A better host was not ready to say: a lesser one does not speak for it. */
    private boolean putOff;

    Question(Mailbox recipient, SmtpTimes times) {
      this.recipient = recipient;
      this.times = times;
    }

    @Override
    public boolean isDone() {
      return answer != null;
    }

    @Override
    public boolean mayGoClear() {
      return true;
    }

    @Override
    public void passedOver(Cause cause) {
      reason = cause.text();
    }

    @Override
    public void ends(Meaning meaning) {
      reason = meaning.cause().text();
    }

    @Override
    public MailHost destination() {
      return recipient.domain();
    }

    @Override
    public List<Evidence> evidence() {
      return List.of();
    }

    @Override
    public boolean insistsOnRequireTls() {
      return false;
    }

    @Override
    public boolean teaches() {
      return false;
    }

    @Override
    public boolean counts() {
      return true;
    }

    @Override
    public String use() {
      return "|probe";
    }

    @Override
    public String id() {
      return "probe";
    }

    @Override
    public Fate with(Peer peer) {
      ClientDialogue dialogue = peer.dialogue();
      boolean reused = !peer.isFresh();
      boolean heard = false;
      peer.began();
      try {
        peer.assertGoodEnough(insistsOnRequireTls());
        boolean utf8 = !recipient.isAscii();
        if (utf8 && !dialogue.capabilities().offersSmtpUtf8()) {
          reason = Trouble.needsSmtpUtf8(peer.label()).text();
          dialogue.quit();
          return Fate.CLOSED;
        }
        Reply mail = dialogue.exchange("MAIL FROM:<>" + (utf8 ? " SMTPUTF8" : ""), times.mail());
        heard = true;
        if (!mail.isPositive()) {
          reason = peer.label() + " said at MAIL: " + mail;
          putOff |= mail.isTransient();
          dialogue.quit();
          return isForIpv4(mail, peer) ? Fate.OVER_IPV4 : Fate.NEXT_HOST;
        }
        Reply rcpt = dialogue.exchange("RCPT TO:<" + recipient + ">", times.rcpt());
        boolean refused =
            Trouble.of(Stage.RCPT, rcpt, peer.label()).course() == Meaning.Course.REFUSE;
        if (rcpt.isPositive()) {
          answer = new Result.Exists();
        } else if (refused && isForIpv4(rcpt, peer)) {
          reason = peer.label() + " said at RCPT: " + rcpt;
          dialogue.quit();
          return Fate.OVER_IPV4;
        } else if (refused && !putOff) {
          answer = new Result.Refused(rcpt);
        } else {
          reason = peer.label() + " said at RCPT: " + rcpt;
          answer = new Result.NotKnown(reason);
        }
        Reply reset = dialogue.exchange("RSET", times.rcpt());
        if (reset.isPositive()) {
          return Fate.REUSABLE;
        }
        dialogue.quit();
        return Fate.CLOSED;
      } catch (IOException e) {
        dialogue.closeQuietly();
        if (reused && !heard) {
          return Fate.STALE;
        }
        reason = Trouble.lost(heard ? Stage.RCPT : Stage.MAIL, e, peer.label()).cause().text();
        return answer == null ? Fate.NEXT_HOST : Fate.CLOSED;
      }
    }

    private static boolean isForIpv4(Reply reply, Peer peer) {
      return peer.hasIpv4Beside() && Trouble.isAboutIpv6(reply);
    }
  }
}
