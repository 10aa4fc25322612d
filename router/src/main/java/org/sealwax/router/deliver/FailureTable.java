package org.sealwax.router.deliver;

import static org.sealwax.router.deliver.FailureMeaning.FailureAction.DEFER;
import static org.sealwax.router.deliver.FailureMeaning.FailureAction.NEXT_HOST;
import static org.sealwax.router.deliver.FailureMeaning.FailureAction.REFUSE;
import static org.sealwax.router.queue.FailureCause.Extent.MESSAGE;
import static org.sealwax.router.queue.FailureCause.Extent.NEXT_HOP;
import static org.sealwax.router.queue.FailureCause.Extent.RECIPIENT;

import java.io.IOException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.net.FileDescriptors;
import org.sealwax.mail.policy.DeferReason;
import org.sealwax.mail.policy.Requirement;
import org.sealwax.mail.smtp.EnhancedStatus;
import org.sealwax.mail.smtp.InvalidReplyException;
import org.sealwax.mail.smtp.Reply;
import org.sealwax.router.deliver.FailureMeaning.FailureAction;
import org.sealwax.router.queue.FailureCause;
import org.sealwax.router.queue.FailureCause.Extent;
import org.sealwax.router.queue.RefusalClass;

/**
 * All "what does this failure mean": the one table from (stage, reply) to (course, reason word,
 * status, extent), and the named causes that are not replies. First row that fits counts; what no
 * row knows defers.
 *
 * <p>RFC 5321 4.2.1, 4.2.4, 4.2.5, 4.3.2, 4.5.3.1.10; RFC 3463; RFC 4954 6; RFC 7504; RFC 7505.
 */
final class FailureTable {
  private FailureTable() {}

  /**
   * One row.
   *
   * @param stages where it applies
   * @param from lowest code
   * @param to highest code
   * @param about subject and detail of the reply's enhanced status with a dot after each, {@code
   *     "2.2."}, or the subject alone, {@code "7."}; {@link #NO_STATUS}; empty: any
   * @param refusal class of the reply, or null: any
   */
  record FailureRow(
      List<TransactionStage> stages,
      int from,
      int to,
      String about,
      @Nullable RefusalClass refusal,
      FailureAction course,
      String reason,
      EnhancedStatus status,
      Extent extent) {
    /** The same for replies with this subject and detail. */
    FailureRow about(String other) {
      return new FailureRow(stages, from, to, other, refusal, course, reason, status, extent);
    }

    /** The same for replies of this class. */
    FailureRow of(RefusalClass other) {
      return new FailureRow(stages, from, to, about, other, course, reason, status, extent);
    }

    boolean fits(TransactionStage stage, Reply reply) {
      return stages.contains(stage)
          && reply.code() >= from
          && reply.code() <= to
          && about(reply).startsWith(about)
          && (refusal == null || RefusalClass.of(reply) == refusal);
    }

    private static String about(Reply reply) {
      EnhancedStatus status = reply.status();
      return status == null ? NO_STATUS : status.subject() + "." + status.detail() + ".";
    }
  }

  /**
   * The status by which the largest receivers slow down one sender domain (RFC 3463 has none for
   * it): it does not concern other mail to the next hop, unless the text states that it is about
   * our address.
   */
  private static final EnhancedStatus SENDER_IS_SLOWED = EnhancedStatus.of("4.7.28");

  /** The word, or an address: eight groups, or fewer with {@code ::} in between. No time of day. */
  private static final Pattern IPV6 =
      Pattern.compile(
          "ipv6|(?<![0-9a-f:.])([0-9a-f]{1,4}:){7}[0-9a-f]{1,4}(?![0-9a-f:])"
              + "|(?<![0-9a-f:.])([0-9a-f]{1,4}:){1,6}:[0-9a-f]{0,4}",
          Pattern.CASE_INSENSITIVE);

  /** Stands for the absence of an enhanced status. */
  static final String NO_STATUS = "-";

  private static final List<TransactionStage> EVERY = List.of(TransactionStage.values());
  private static final List<TransactionStage> AUTH = List.of(TransactionStage.AUTH);
  private static final List<TransactionStage> MAIL = List.of(TransactionStage.MAIL);
  private static final List<TransactionStage> RCPT = List.of(TransactionStage.RCPT);
  private static final List<TransactionStage> DATA = List.of(TransactionStage.DATA);
  private static final List<TransactionStage> END = List.of(TransactionStage.END);
  private static final List<TransactionStage> BEFORE_END =
      List.of(TransactionStage.MAIL, TransactionStage.RCPT, TransactionStage.DATA);
  private static final List<TransactionStage> TRANSACTION =
      List.of(
          TransactionStage.MAIL,
          TransactionStage.RCPT,
          TransactionStage.DATA,
          TransactionStage.END);

  /** The table, most special first. */
  static final List<FailureRow> TABLE =
      List.of(
          // RFC 5321 §3.8: the host closes the session, at any stage. After MAIL the mail may be
          // the cause, so one message alone does not count for the next hop.
          row(AUTH, 421, 421, NEXT_HOST, "service-closing", "4.3.2", NEXT_HOP),
          row(TRANSACTION, 421, 421, NEXT_HOST, "service-closing", "4.3.2", Extent.TRANSACTION),
          // Refused credentials are an error of our configuration, never of the sender.
          row(AUTH, 400, 599, DEFER, "auth", "4.7.8", NEXT_HOP),
          // RFC 4954 §6, RFC 3207 §4: the host requires AUTH or STARTTLS first. An attacker who
          // strips
          // STARTTLS can cause this, so it must not bounce anything.
          row(TRANSACTION, 530, 530, NEXT_HOST, "auth-required", "4.7.0", Extent.TRANSACTION),
          row(TRANSACTION, 538, 538, NEXT_HOST, "auth-required", "4.7.11", Extent.TRANSACTION),
          row(TRANSACTION, 534, 535, NEXT_HOST, "auth-required", "4.7.8", Extent.TRANSACTION),
          row(TRANSACTION, 523, 523, NEXT_HOST, "auth-required", "4.7.10", Extent.TRANSACTION),
          // RFC 5321 §4.1.1.11: a parameter that is not taken, when all that may be left out has
          // been left out.
          row(MAIL, 504, 504, REFUSE, "parameter", "5.5.4", MESSAGE),
          row(MAIL, 555, 555, REFUSE, "parameter", "5.5.4", MESSAGE),
          row(RCPT, 504, 504, REFUSE, "parameter", "5.5.4", RECIPIENT),
          row(RCPT, 555, 555, REFUSE, "parameter", "5.5.4", RECIPIENT),
          // Commands out of place or unknown: one of us is broken, and it is not the mail. Another
          // address or host may be whole.
          row(TRANSACTION, 500, 500, NEXT_HOST, "protocol", "4.5.2", MESSAGE),
          row(TRANSACTION, 502, 504, NEXT_HOST, "protocol", "4.5.1", MESSAGE),
          // RFC 5321 §4.2.2, §4.5.3.1.10: 552 states that a mailbox is full, that the message is
          // too
          // big, or what 452 stands for; the enhanced status shows which. RFC 3463 §3.3: a full
          // mailbox is a transient failure. RFC 5321 §5.1: a deferred recipient is tried at the
          // next address or host at once (docs/adr/0033).
          row(RCPT, 452, 452, NEXT_HOST, "mailbox-full", "4.2.2", RECIPIENT).about("2.2."),
          row(RCPT, 552, 552, NEXT_HOST, "mailbox-full", "4.2.2", RECIPIENT).about("2.2."),
          row(RCPT, 552, 552, NEXT_HOST, "mailbox-full", "4.2.2", RECIPIENT).about(NO_STATUS),
          row(RCPT, 552, 552, NEXT_HOST, "mailbox-full", "4.2.2", RECIPIENT).about("0.0."),
          row(TRANSACTION, 552, 552, NEXT_HOST, "mailbox-full", "4.2.2", MESSAGE).about("2.2."),
          row(RCPT, 452, 452, NEXT_HOST, "too-many-recipients", "4.5.3", RECIPIENT).about("5.3."),
          row(RCPT, 552, 552, NEXT_HOST, "too-many-recipients", "4.5.3", RECIPIENT).about("5.3."),
          row(RCPT, 452, 452, NEXT_HOST, "no-storage", "4.3.1", RECIPIENT),
          row(RCPT, 400, 499, NEXT_HOST, "greylisted", "4.7.1", RECIPIENT)
              .of(RefusalClass.GREYLISTING),
          row(RCPT, 400, 499, NEXT_HOST, "recipient-deferred", "4.0.0", RECIPIENT),
          row(RCPT, 500, 599, REFUSE, "recipient-refused", "5.0.0", RECIPIENT),
          row(MAIL, 552, 552, REFUSE, "sender-refused", "5.7.0", MESSAGE).about("7."),
          row(MAIL, 552, 552, REFUSE, "too-big", "5.3.4", MESSAGE),
          row(MAIL, 452, 452, NEXT_HOST, "no-storage", "4.3.1", MESSAGE),
          row(MAIL, 400, 499, NEXT_HOST, "sender-deferred", "4.0.0", MESSAGE),
          row(MAIL, 500, 599, REFUSE, "sender-refused", "5.0.0", MESSAGE),
          row(DATA, 400, 499, NEXT_HOST, "data-deferred", "4.0.0", MESSAGE),
          row(DATA, 500, 599, REFUSE, "message-refused", "5.0.0", MESSAGE),
          row(END, 552, 552, REFUSE, "message-refused", "5.7.0", MESSAGE).about("7."),
          row(END, 552, 552, REFUSE, "too-big", "5.3.4", MESSAGE),
          row(END, 400, 499, NEXT_HOST, "greylisted", "4.7.1", MESSAGE)
              .of(RefusalClass.GREYLISTING),
          row(END, 400, 499, NEXT_HOST, "message-deferred", "4.0.0", MESSAGE),
          row(END, 500, 599, REFUSE, "message-refused", "5.0.0", MESSAGE),
          // 2yz and 3yz where they make no sense; after the content it may have been taken.
          row(BEFORE_END, 200, 399, NEXT_HOST, "protocol", "4.5.0", MESSAGE),
          row(EVERY, 200, 399, DEFER, "protocol", "4.5.0", MESSAGE));

  private static FailureRow row(
      List<TransactionStage> stages,
      int from,
      int to,
      FailureAction action,
      String reason,
      String status,
      Extent extent) {
    EnhancedStatus own = EnhancedStatus.parse(status).orElseThrow();
    return new FailureRow(stages, from, to, "", null, action, reason, own, extent);
  }

  /** What {@code reply} at {@code stage} means, where it was not the one hoped for. */
  static FailureMeaning of(TransactionStage stage, Reply reply, String host) {
    for (FailureRow row : TABLE) {
      if (row.fits(stage, reply)) {
        return new FailureMeaning(
            row.course(),
            new FailureCause(
                row.reason(),
                status(row, reply),
                "host " + host + " said at " + stage + ": " + reply,
                host,
                reply,
                row.course() != FailureAction.REFUSE
                        && SENDER_IS_SLOWED.equals(reply.status())
                        && RefusalClass.of(reply) != RefusalClass.RATE_LIMIT_IP
                    ? Extent.SENDER
                    : row.extent()));
      }
    }
    return new FailureMeaning(
        FailureAction.DEFER,
        new FailureCause(
            "unknown",
            EnhancedStatus.of("4.0.0"),
            "host " + host + " said at " + stage + ": " + reply,
            host,
            reply,
            Extent.MESSAGE));
  }

  /** The host's own status, unless it contradicts what we do about it. */
  private static EnhancedStatus status(FailureRow row, Reply reply) {
    EnhancedStatus status = reply.status();
    int kind = row.course() == FailureAction.REFUSE ? 5 : 4;
    return status != null && status.kind() == kind ? status : row.status();
  }

  /** A session that broke at {@code stage}. */
  static FailureMeaning lost(TransactionStage stage, IOException failure, String host) {
    boolean silent =
        failure instanceof SocketTimeoutException
            || failure instanceof java.io.InterruptedIOException;
    boolean answered = failure instanceof InvalidReplyException t && t.answered();
    String how =
        silent
            ? "no answer in time from "
            : answered ? "no valid reply from " : "lost connection with ";
    return broken(
        stage,
        silent ? "timeout" : "lost-connection",
        how + host + " at " + stage + (silent ? "" : ": " + FailureText.of(failure)),
        " (RFC 5321 4.5.3.2.6)",
        host);
  }

  /**
   * A transaction that took longer at {@code stage} than any in good faith does, though the peer
   * was never silent for too long.
   */
  static FailureMeaning tooSlow(TransactionStage stage, Duration allowed, String host) {
    return broken(
        stage,
        "timeout",
        "host %s is too slow: at %s the time limit of %d s expired"
            .formatted(host, stage, allowed.toSeconds()),
        "",
        host);
  }

  private static FailureMeaning broken(
      TransactionStage stage, String reason, String text, String source, String host) {
    boolean atEnd = stage == TransactionStage.END;
    String note =
        atEnd ? "; it may have accepted the message, which may be delivered twice" + source : "";
    return new FailureMeaning(
        // After the end of the content another host would make the possible duplicate a likely one.
        atEnd ? DEFER : FailureAction.NEXT_HOST,
        // A session that breaks in a transaction does not concern other mail yet.
        cause(
            reason,
            "4.4.2",
            text + note,
            host,
            stage == TransactionStage.AUTH ? NEXT_HOP : Extent.TRANSACTION));
  }

  /** A cause that is not a reply of the host. */
  private static FailureCause cause(
      String reason, String status, String text, @Nullable String host, Extent extent) {
    return new FailureCause(
        reason, EnhancedStatus.parse(status).orElseThrow(), text, host, null, extent);
  }

  /**
   * Codes by which a parameter of MAIL or RCPT is refused (RFC 5321 4.1.1.11, 4.2.2), or cannot be
   * met now (455), or the line is too long with it (500, RFC 5321 4.2.2, 4.5.3.1.4).
   */
  static boolean isAboutParameters(Reply reply) {
    return switch (reply.code()) {
      case 455, 500, 501, 504, 555 -> true;
      default -> false;
    };
  }

  /**
   * Whether a 452 or 552 to RCPT may mean that the transaction has enough recipients (RFC 5321
   * 4.5.3.1.10), when some have been accepted before.
   */
  static boolean isTooMany(Reply reply) {
    boolean code = reply.code() == 452 || reply.code() == 552;
    EnhancedStatus status = reply.status();
    return code
        && (status == null
            || status.subject() == 0 && status.detail() == 0
            || status.subject() == 3 && status.detail() == 1
            || status.subject() == 5 && status.detail() == 3);
  }

  /**
   * Whether a refusal is about our IPv6 address, so that IPv4 may fare better: 5.7.25 (RFC 7372
   * 3.3: reverse DNS), or 5.7.1 with a text about IPv6 or with such an address, as the big
   * receivers and the block lists have it.
   */
  static boolean isAboutIpv6(Reply reply) {
    EnhancedStatus status = reply.status();
    return reply.isPermanent()
        && status != null
        && status.subject() == 7
        && (status.detail() == 25 || status.detail() == 1 && IPV6.matcher(reply.toString()).find());
  }

  /** A refusal that is not the last word yet: the same, to be tried again. */
  static FailureCause asDeferral(FailureCause refusal) {
    EnhancedStatus status = refusal.status();
    return new FailureCause(
        refusal.reason(),
        status.withKind(4),
        refusal.text(),
        refusal.host(),
        refusal.reply(),
        refusal.scope());
  }

  /**
   * A host that the policy passed over, or a delivery that it ended.
   *
   * @param requirement that was not met; one that the message itself shaped shows nothing about
   *     other mail to the next hop
   */
  static FailureCause policy(
      DeferReason reason, String text, Requirement requirement, @Nullable String host) {
    FailureCause cause = policy(reason, text, host);
    return requirement.requireTls() ? ofTheMessage(cause) : cause;
  }

  /** The same cause where the policy that stood in the way is not that of all mail to the hop. */
  static FailureCause ofTheMessage(FailureCause cause) {
    return isPolicyFailure(cause) ? cause.withExtent(Extent.MESSAGE) : cause;
  }

  /** The same where no requirement plays a part. */
  static FailureCause policy(DeferReason reason, String text, @Nullable String host) {
    PolicyFailure failure = PolicyFailure.of(reason);
    return cause(
        reason.word(),
        failure.status(),
        (host == null ? "" : "host " + host + ": ") + text,
        host,
        failure.extent());
  }

  /**
   * One row of the table of {@link DeferReason}.
   *
   * @param status of the deferral
   * @param extent what else fails the same way
   * @param byPolicy the policy decided so, rather than the network or the host
   * @param requiringTls status of a refusal of mail with REQUIRETLS (RFC 8689 4.2.1); null when the
   *     host may yet be able to have such mail
   */
  private record PolicyFailure(
      String status, Extent extent, boolean byPolicy, @Nullable String requiringTls) {
    static PolicyFailure of(DeferReason reason) {
      return switch (reason) {
        case CONNECT -> new PolicyFailure("4.4.1", NEXT_HOP, false, null);
        case GREETING -> new PolicyFailure("4.3.2", NEXT_HOP, false, null);
        case LOST_CONNECTION, LADDER_BOUND -> new PolicyFailure("4.4.2", NEXT_HOP, false, null);
        case TLS_NOT_OFFERED -> new PolicyFailure("4.7.10", NEXT_HOP, true, "5.7.10");
        case TLS_REFUSED -> new PolicyFailure("4.7.10", NEXT_HOP, true, null);
        case TLS_FLOOR -> new PolicyFailure("4.7.5", NEXT_HOP, true, "5.7.10");
        case TLS_BROKEN, DANE_MISSING -> new PolicyFailure("4.7.5", NEXT_HOP, true, null);
        case TLS_IDENTITY -> new PolicyFailure("4.7.0", NEXT_HOP, true, "5.7.10");
        case TLS_INJECTION, LEDGER_MX -> new PolicyFailure("4.7.0", NEXT_HOP, true, null);
        case STS_MX -> new PolicyFailure("4.7.0", NEXT_HOP, true, "5.7.30");
        // A look-up failed: the cause may be our own resolver.
        case STS_PENDING -> new PolicyFailure("4.7.0", MESSAGE, true, null);
        case DANE_LOOKUP -> new PolicyFailure("4.4.3", MESSAGE, true, null);
        case REQUIRETLS_MX, REQUIRETLS_MISSING ->
            new PolicyFailure("4.7.30", NEXT_HOP, true, "5.7.30");
      };
    }

    /** The row of a cause; null when it is none of a {@link DeferReason}. */
    static @Nullable PolicyFailure of(FailureCause cause) {
      for (DeferReason reason : DeferReason.values()) {
        if (reason.word().equals(cause.reason())) {
          return of(reason);
        }
      }
      return null;
    }
  }

  /** Whether the policy decided so, rather than the network or the host. */
  static boolean isPolicyFailure(FailureCause cause) {
    PolicyFailure failure = PolicyFailure.of(cause);
    return failure != null && failure.byPolicy();
  }

  /**
   * What all hosts together mean for mail with REQUIRETLS (RFC 8689 4.2.1; docs/adr/0050): a
   * refusal with 5.7.30 or 5.7.10 when each of them has shown that it cannot have this mail; null
   * when one of them may yet be able to: it could not be reached, its handshake failed, it replied
   * 4yz, or the DNS did not answer.
   */
  static @Nullable FailureCause requireTls(List<FailureCause> passed) {
    FailureCause causeForSender = null;
    for (FailureCause cause : passed) {
      PolicyFailure failure = PolicyFailure.of(cause);
      if (failure == null || failure.requiringTls() == null) {
        return null;
      }
      EnhancedStatus status = EnhancedStatus.parse(failure.requiringTls()).orElseThrow();
      if (causeForSender == null || status.detail() > causeForSender.status().detail()) {
        causeForSender =
            new FailureCause(
                cause.reason(),
                status,
                cause.text() + "; the sender requires TLS (REQUIRETLS)",
                cause.host(),
                cause.reply(),
                Extent.MESSAGE);
      }
    }
    return causeForSender;
  }

  /** Exactly one MX record, {@code .} (RFC 7505 section 4.1). */
  static FailureMeaning nullMx(String domain) {
    return refuse("null-mx", "5.1.10", domain + " does not accept mail (null MX)");
  }

  /** The domain does not exist. */
  static FailureMeaning noSuchDomain(String domain) {
    return refuse("no-such-domain", "5.1.2", domain + " does not exist");
  }

  /** Neither MX nor address (RFC 5321 5.1). */
  static FailureMeaning noHost(String domain) {
    return refuse("no-host", "5.1.2", domain + " has neither an MX nor an address record");
  }

  /** We are the best MX host ourselves, and do not know the domain as ours (RFC 5321 5.1). */
  static FailureMeaning loopsBack(String domain, String own) {
    return refuse(
        "mail-loop", "5.4.6", "mail for " + domain + " loops back to this host (" + own + ")");
  }

  private static FailureMeaning refuse(String reason, String status, String text) {
    return new FailureMeaning(REFUSE, cause(reason, status, text, null, NEXT_HOP));
  }

  /**
   * The DNS gave no answer, or one that must not be believed. Our own resolver may be what fails,
   * so no next hop is left alone for it: each message tries again by its own schedule.
   */
  static FailureMeaning dns(String name, String reason) {
    return new FailureMeaning(
        DEFER,
        cause("dns", "4.4.3", "DNS look-up failed for " + name + ": " + reason, null, MESSAGE));
  }

  /** Our own process has no descriptors left: that does not concern any host. */
  static FailureCause noDescriptors() {
    return cause("descriptors", "4.3.0", FileDescriptors.TEXT, null, MESSAGE);
  }

  /** An MX host without any address. */
  static FailureCause noAddress(String host) {
    return cause("no-address", "4.4.4", "host " + host + " has no address", host, NEXT_HOP);
  }

  /** SMTPUTF8 is needed and not offered (RFC 6531 3.5). */
  static FailureCause needsSmtpUtf8(String host) {
    String text =
        "host " + host + " does not support internationalized addresses or headers (SMTPUTF8)";
    return cause("smtputf8", "5.6.7", text, host, MESSAGE);
  }

  /** BINARYMIME is needed and not offered (RFC 3030 section 3). */
  static FailureCause needsBinary(String host) {
    String text = "host " + host + " does not support binary content (BINARYMIME)";
    return cause("binarymime", "5.6.3", text, host, MESSAGE);
  }

  /** Larger than the host takes by its own word (RFC 1870 6.1). */
  static FailureCause tooLarge(String host, long size, long most) {
    String text = "message of " + size + " bytes; host " + host + " accepts " + most;
    return cause("too-big", "5.3.4", text, host, MESSAGE);
  }

  /** Credentials would go to a host that is not the one meant. */
  static FailureCause unverifiedForAuth(String host, String verdict) {
    String text =
        "host " + host + " is " + verdict + "; credentials are sent to verified hosts only";
    return cause("auth-unverified", "4.7.0", text, host, NEXT_HOP);
  }

  /** AUTH could not be done. */
  static FailureCause auth(String host, String text) {
    return cause("auth", "4.7.8", "AUTH at host " + host + ": " + text, host, NEXT_HOP);
  }

  /** The stored content could not be read. */
  static FailureCause content(String text) {
    return cause("content", "4.3.0", "cannot read the message: " + text, null, MESSAGE);
  }

  /** The process ends, or this round was stopped. */
  static FailureCause interrupted() {
    return cause("stopped", "4.3.2", "delivery was stopped", null, RECIPIENT);
  }

  /** No other cause was given. */
  static FailureCause unknown() {
    return UNKNOWN;
  }

  private static final FailureCause UNKNOWN =
      cause("unknown", "4.0.0", "no host was reachable", null, NEXT_HOP);

  /** A bug in our code. */
  static FailureCause bug() {
    return cause("internal", "4.3.0", "internal error; see the log", null, MESSAGE);
  }
}
