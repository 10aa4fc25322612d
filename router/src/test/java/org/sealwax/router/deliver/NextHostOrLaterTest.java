package org.sealwax.router.deliver;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.smtp.DsnRequest;
import org.sealwax.mail.smtp.EnhancedStatus;
import org.sealwax.mail.smtp.Reply;
import org.sealwax.router.deliver.NextHostOrLater.HostPosition;
import org.sealwax.router.deliver.NextHostOrLater.RecipientVerdict;
import org.sealwax.router.deliver.NextHostOrLater.TransactionResult;
import org.sealwax.router.deliver.Transcript.Answer;
import org.sealwax.router.deliver.Transcript.Ending;
import org.sealwax.router.queue.DeliveryTarget;
import org.sealwax.router.queue.Outcome;
import org.sealwax.router.queue.Recipient;
import org.sealwax.router.queue.TestRecipients;
import org.sealwax.router.route.RecipientProbe.VerificationResult;

/**
 * What follows for a recipient: each kind of reply, at each stage, at each position of the host.
 */
final class NextHostOrLaterTest {
  private static final Recipient BOB = recipient(1, "bob");

  private static Recipient recipient(long key, String local) {
    return TestRecipients.of(
        key,
        new DeliveryTarget.Remote(new Mailbox(local, Domain.of("example.org"))),
        DsnRequest.none());
  }

  /** A position of the host: the columns of the table. */
  private enum Position {
    /** The first host of the first round, in TLS. */
    FIRST,
    /** The same, unencrypted. */
    CLEAR,
    /** A better host of this round has put the recipient off. */
    AFTER_DEFERRAL,
    /** A better host of a round before has, and this round did not come to it. */
    LESSER,
    /** Over IPv6, and the host has IPv4 addresses. */
    IPV6;

    HostPosition host(boolean reused, List<Recipient> waiting) {
      return new HostPosition(
          "mx",
          "may:trusted",
          reused,
          this != CLEAR,
          this == IPV6,
          this == LESSER,
          this == AFTER_DEFERRAL ? Set.of(1L) : Set.of(),
          waiting);
    }
  }

  /** One transaction for Bob in which a stage has this reply and those before went well. */
  private static Transcript at(TransactionStage stage, Reply reply) {
    Answer ok = new Answer(Reply.of(250, "ok"), false);
    Answer this_ = new Answer(reply, false);
    return switch (stage) {
      case MAIL -> transcript(this_, List.of(), null, stage, new Ending.Replied());
      case RCPT -> transcript(ok, List.of(this_), null, stage, new Ending.Replied());
      case DATA, END -> transcript(ok, List.of(ok), reply, stage, new Ending.Replied());
      case AUTH -> throw new IllegalArgumentException("before a transaction");
    };
  }

  /** One that broke when the reply of a stage was due. */
  private static Transcript broken(TransactionStage stage, Ending ending) {
    Answer ok = new Answer(Reply.of(250, "ok"), false);
    return switch (stage) {
      case MAIL -> transcript(null, List.of(), null, stage, ending);
      case RCPT -> transcript(ok, List.of(), null, stage, ending);
      case DATA, END -> transcript(ok, List.of(ok), null, stage, ending);
      case AUTH -> throw new IllegalArgumentException("before a transaction");
    };
  }

  private static Transcript transcript(
      @Nullable Answer mail,
      List<Answer> rcpt,
      @Nullable Reply content,
      TransactionStage stage,
      Ending ending) {
    return new Transcript(List.of(BOB), mail, rcpt, content, stage, ending, false);
  }

  private static String word(@Nullable RecipientVerdict verdict) {
    return switch (verdict) {
      case null -> "open";
      case RecipientVerdict.Settled(Outcome.Delivered d) -> "delivered";
      case RecipientVerdict.Settled(Outcome.Refused r) -> "refused";
      case RecipientVerdict.Settled(Outcome.Deferred d) -> "later";
      case RecipientVerdict.Settled(Outcome.Held h) -> "held";
      case RecipientVerdict.NextHost(var cause, boolean onlyWithTls) ->
          onlyWithTls ? "next+tls" : "next";
      case RecipientVerdict.RefusalNotFinal(var cause, boolean overIpv4) ->
          overIpv4 ? "ipv4" : cause == null ? "next" : "waits";
    };
  }

  private static String row(String name, Transcript transcript, boolean reused) {
    StringBuilder out = new StringBuilder("%-22s".formatted(name));
    String connection = "";
    for (Position position : Position.values()) {
      TransactionResult result =
          NextHostOrLater.of(transcript, position.host(reused, List.of(BOB)));
      out.append(" %-9s".formatted(word(result.recipients().get(1L))));
      connection = result.connection() == null ? "goes on" : result.connection().name();
    }
    return out.append(' ').append(connection).toString();
  }

  private static final List<TransactionStage> STAGES =
      List.of(
          TransactionStage.MAIL,
          TransactionStage.RCPT,
          TransactionStage.DATA,
          TransactionStage.END);

  private static final String TABLE =
"""
stage and reply        FIRST     CLEAR     AFTER_DEF LESSER    IPV6      the connection
MAIL 250               open      open      open      open      open      goes on
MAIL 354               next      next      next      next      next      NEXT_HOST
MAIL 421               next      next      next      next      next      NEXT_HOST
MAIL 450               next      next      next      next      next      NEXT_HOST
MAIL 452               next      next      next      next      next      NEXT_HOST
MAIL 500               next      next      next      next      next      NEXT_HOST
MAIL 530               next      next      next      next      next      NEXT_HOST
MAIL 550               refused   refused   next      waits     refused   goes on
MAIL 550 5.7.25        refused   refused   next      waits     ipv4      goes on
MAIL 552               refused   refused   next      waits     refused   goes on
MAIL 555               refused   refused   next      waits     refused   goes on
MAIL lost              open      open      open      open      open      NEXT_HOST
MAIL lost, reused      open      open      open      open      open      STALE
MAIL too slow          open      open      open      open      open      NEXT_HOST
RCPT 250               open      open      open      open      open      goes on
RCPT 354               next+tls  next      next+tls  next+tls  next+tls  goes on
RCPT 421               next      next      next      next      next      NEXT_HOST
RCPT 450               next+tls  next      next+tls  next+tls  next+tls  goes on
RCPT 452               next+tls  next      next+tls  next+tls  next+tls  goes on
RCPT 500               next+tls  next      next+tls  next+tls  next+tls  goes on
RCPT 530               next+tls  next      next+tls  next+tls  next+tls  goes on
RCPT 550               refused   refused   next      waits     refused   goes on
RCPT 550 5.7.25        refused   refused   next      waits     ipv4      goes on
RCPT 552               next+tls  next      next+tls  next+tls  next+tls  goes on
RCPT 555               refused   refused   next      waits     refused   goes on
RCPT lost              open      open      open      open      open      NEXT_HOST
RCPT lost, reused      open      open      open      open      open      NEXT_HOST
RCPT too slow          open      open      open      open      open      NEXT_HOST
DATA 250               next+tls  next      next+tls  next+tls  next+tls  NEXT_HOST
DATA 354               next+tls  next      next+tls  next+tls  next+tls  NEXT_HOST
DATA 421               next      next      next      next      next      NEXT_HOST
DATA 450               next+tls  next      next+tls  next+tls  next+tls  NEXT_HOST
DATA 452               next+tls  next      next+tls  next+tls  next+tls  NEXT_HOST
DATA 500               next+tls  next      next+tls  next+tls  next+tls  NEXT_HOST
DATA 530               next+tls  next      next+tls  next+tls  next+tls  NEXT_HOST
DATA 550               refused   refused   next      waits     refused   goes on
DATA 550 5.7.25        refused   refused   next      waits     ipv4      goes on
DATA 552               refused   refused   next      waits     refused   goes on
DATA 555               refused   refused   next      waits     refused   goes on
DATA lost              open      open      open      open      open      NEXT_HOST
DATA lost, reused      open      open      open      open      open      NEXT_HOST
DATA too slow          open      open      open      open      open      NEXT_HOST
END 250                delivered delivered delivered delivered delivered goes on
END 354                later     later     later     later     later     CLOSED
END 421                next      next      next      next      next      NEXT_HOST
END 450                next+tls  next      next+tls  next+tls  next+tls  NEXT_HOST
END 452                next+tls  next      next+tls  next+tls  next+tls  NEXT_HOST
END 500                next+tls  next      next+tls  next+tls  next+tls  NEXT_HOST
END 530                next+tls  next      next+tls  next+tls  next+tls  NEXT_HOST
END 550                refused   refused   next      waits     refused   goes on
END 550 5.7.25         refused   refused   next      waits     ipv4      goes on
END 552                refused   refused   next      waits     refused   goes on
END 555                refused   refused   next      waits     refused   goes on
END lost               later     later     later     later     later     CLOSED
END lost, reused       later     later     later     later     later     CLOSED
END too slow           later     later     later     later     later     CLOSED
content unreadable     open      open      open      open      open      CLOSED
""";

  @Test
  void everyKindOfReplyAtEveryStageAndPosition() {
    List<String> rows = new ArrayList<>();
    for (TransactionStage stage : STAGES) {
      for (Reply reply :
          List.of(
              Reply.of(250, "ok"),
              Reply.of(354, "go on"),
              Reply.of(421, "closing"),
              Reply.of(450, "later"),
              Reply.of(452, "full"),
              Reply.of(500, "what"),
              Reply.of(530, "STARTTLS first"),
              Reply.of(550, "no"),
              Reply.of(550, EnhancedStatus.of("5.7.25"), "no name"),
              Reply.of(552, "full"),
              Reply.of(555, "parameter"))) {
        EnhancedStatus status = reply.status();
        rows.add(
            row(
                stage + " " + reply.code() + (status == null ? "" : " " + status),
                at(stage, reply),
                false));
      }
      rows.add(row(stage + " lost", broken(stage, new Ending.Broken(new IOException("x"))), false));
      rows.add(
          row(stage + " lost, reused", broken(stage, new Ending.Broken(new IOException())), true));
      rows.add(
          row(stage + " too slow", broken(stage, new Ending.TooSlow(Duration.ofHours(1))), true));
    }
    rows.add(
        row(
            "content unreadable",
            broken(TransactionStage.DATA, new Ending.ContentUnreadable("x")),
            false));
    assertEquals(TABLE.strip().lines().skip(1).toList(), rows);
  }

  private static String verification(String name, Transcript transcript, boolean reused) {
    StringBuilder out = new StringBuilder("%-18s".formatted(name));
    for (Position position : Position.values()) {
      NextHostOrLater.VerificationStep step =
          NextHostOrLater.ofVerification(transcript, position.host(reused, List.of(BOB)));
      String answer =
          switch (step.answer()) {
            case null -> step.connection().name();
            case VerificationResult.Exists e -> "exists";
            case VerificationResult.Refused r -> "refused";
            case VerificationResult.NotKnown n -> "not known";
          };
      out.append(" %-9s".formatted(answer + (step.putsOff() ? "*" : "")));
    }
    return out.toString().strip();
  }

  private static final String VERIFICATIONS =
"""
stage and reply    FIRST     CLEAR     AFTER_DEF LESSER    IPV6
MAIL 421           NEXT_HOST* NEXT_HOST* NEXT_HOST* NEXT_HOST* NEXT_HOST*
MAIL 450           NEXT_HOST* NEXT_HOST* NEXT_HOST* NEXT_HOST* NEXT_HOST*
MAIL 550           NEXT_HOST NEXT_HOST NEXT_HOST NEXT_HOST NEXT_HOST
MAIL 550 5.7.25    NEXT_HOST NEXT_HOST NEXT_HOST NEXT_HOST OVER_IPV4
MAIL lost          NEXT_HOST NEXT_HOST NEXT_HOST NEXT_HOST NEXT_HOST
MAIL lost, reused  STALE     STALE     STALE     STALE     STALE
MAIL too slow      NEXT_HOST NEXT_HOST NEXT_HOST NEXT_HOST NEXT_HOST
RCPT 250           exists    exists    exists    exists    exists
RCPT 421           not known not known not known not known not known
RCPT 450           not known not known not known not known not known
RCPT 550           refused   refused   refused   not known refused
RCPT 550 5.7.25    refused   refused   refused   not known OVER_IPV4
RCPT lost          NEXT_HOST NEXT_HOST NEXT_HOST NEXT_HOST NEXT_HOST
RCPT lost, reused  NEXT_HOST NEXT_HOST NEXT_HOST NEXT_HOST NEXT_HOST
RCPT too slow      NEXT_HOST NEXT_HOST NEXT_HOST NEXT_HOST NEXT_HOST
""";

  /** With a star where a host of lower preference must not give the answer instead. */
  @Test
  void verificationAtEveryStageAndPosition() {
    List<String> rows = new ArrayList<>();
    for (TransactionStage stage : List.of(TransactionStage.MAIL, TransactionStage.RCPT)) {
      for (Reply reply :
          List.of(
              Reply.of(250, "ok"),
              Reply.of(421, "closing"),
              Reply.of(450, "later"),
              Reply.of(550, "no"),
              Reply.of("550 5.7.25 no name"))) {
        EnhancedStatus status = reply.status();
        String name = stage + " " + reply.code() + (status == null ? "" : " " + status);
        if (!name.equals("MAIL 250")) {
          rows.add(verification(name, at(stage, reply), false));
        }
      }
      Transcript lost = broken(stage, new Ending.Broken(new IOException("x")));
      rows.add(verification(stage + " lost", lost, false));
      rows.add(verification(stage + " lost, reused", lost, true));
      rows.add(
          verification(
              stage + " too slow", broken(stage, new Ending.TooSlow(Duration.ofHours(1))), false));
    }
    assertEquals(VERIFICATIONS.strip().lines().skip(1).toList(), rows);
  }

  private static Map<Long, String> words(TransactionResult result) {
    Map<Long, String> out = new java.util.TreeMap<>();
    result.recipients().forEach((key, verdict) -> out.put(key, word(verdict)));
    return out;
  }

  private static TransactionResult of(List<Recipient> all, List<Answer> rcpt, Reply content) {
    Answer ok = new Answer(Reply.of(250, "ok"), false);
    return NextHostOrLater.of(
        new Transcript(all, ok, rcpt, content, TransactionStage.END, new Ending.Replied(), false),
        Position.FIRST.host(false, all));
  }

  private static Answer answer(int code) {
    return new Answer(Reply.of(code, "x"), false);
  }

  @Test
  void aHostThatClosesAtRcptKeepsTheVerdictsBeforeIt() {
    List<Recipient> all =
        List.of(
            recipient(1, "gone"), recipient(2, "grey"), recipient(3, "fine"), recipient(4, "x"));
    TransactionResult result =
        NextHostOrLater.of(
            new Transcript(
                all,
                answer(250),
                List.of(answer(550), answer(451), answer(250), answer(421)),
                null,
                TransactionStage.RCPT,
                new Ending.Replied(),
                false),
            Position.FIRST.host(false, all));
    assertEquals(Map.of(1L, "refused", 2L, "next+tls", 3L, "next", 4L, "next"), words(result));
    assertEquals(RoundWork.ConnectionResult.NEXT_HOST, result.connection());
  }

  @Test
  void tooManyRecipientsStayOpenForAnotherTransaction() {
    List<Recipient> all = List.of(recipient(1, "a"), recipient(2, "b"));
    TransactionResult result = of(all, List.of(answer(250), answer(452)), Reply.of(250, "ok"));
    assertEquals(Map.of(1L, "delivered"), words(result));
    assertEquals(
        Map.of(1L, "next+tls", 2L, "delivered"),
        words(of(all, List.of(answer(452), answer(250)), Reply.of(250, "ok"))));
  }

  @Test
  void aParameterThatCanBeSparedIsSpared() {
    List<Recipient> all = List.of(recipient(1, "a"), recipient(2, "b"));
    TransactionResult result =
        of(all, List.of(new Answer(Reply.of(555, "what"), true), answer(250)), Reply.of(250, "ok"));
    assertEquals(Map.of(2L, "delivered"), words(result));
    assertTrue(result.sparesParameters());
    TransactionResult mail =
        NextHostOrLater.of(
            transcript(
                new Answer(Reply.of(555, "what"), true),
                List.of(),
                null,
                TransactionStage.MAIL,
                new Ending.Replied()),
            Position.FIRST.host(false, all));
    assertTrue(mail.sparesParameters());
    assertTrue(mail.recipients().isEmpty());
    assertFalse(of(all, List.of(answer(250), answer(250)), Reply.of(250, "ok")).sparesParameters());
  }

  @Test
  void aRefusedSenderConcernsAllRecipientsThatWait() {
    Transcript refused = at(TransactionStage.MAIL, Reply.of(550, "no"));
    assertEquals(
        Map.of(1L, "refused", 2L, "refused"),
        words(
            NextHostOrLater.of(
                refused, Position.FIRST.host(false, List.of(BOB, recipient(2, "alice"))))));
  }
}
