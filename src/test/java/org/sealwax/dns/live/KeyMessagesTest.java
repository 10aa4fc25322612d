package org.sealwax.dns.live;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sealwax.world.Clock;
import org.sealwax.world.SteppedClock;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/** What is kept of answers about keys, and for how long. */
final class KeyMessagesTest {
  private static final String KEY = " DNSKEY 257 3 13 AAAA";
  private static final String SIG =
      " RRSIG DNSKEY 13 1 3600 20300101000000 20200101000000 1 example. AAAA";

  private final SteppedClock clock = new SteppedClock(Instant.EPOCH);
  private final KeyMessages kept = new KeyMessages(clock);

  private static Record question(int type) {
    return Record.newRecord(name("example."), type, DClass.IN);
  }

  private static Name name(String text) {
    try {
      return Name.fromString(text);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private static Message answer(int type, String... lines) throws IOException {
    Message message = Message.newQuery(question(type));
    for (String line : lines) {
      String[] words = line.strip().split(" ", 3);
      message.addRecord(
          Record.fromString(
              name(words[0]),
              Type.value(words[1]),
              DClass.IN,
              Duration.ofMinutes(5).toSeconds(),
              words[2],
              Name.root),
          Section.ANSWER);
    }
    return message;
  }

  @Test
  void aSignedKeySetIsKeptForItsTimeAndHandedOutAsACopy() throws IOException {
    Record question = question(Type.DNSKEY);
    kept.keep(question, answer(Type.DNSKEY, "example." + KEY, "example." + SIG));
    Message found = kept.find(question);
    assertNotNull(found);
    found.removeAllRecords(Section.ANSWER);
    Message again = kept.find(question);
    assertEquals(2, again == null ? 0 : again.getSection(Section.ANSWER).size());
    clock.pass(Duration.ofMinutes(5));
    assertNull(kept.find(question));
  }

  @Test
  void whatDidNotValidateIsForgotten() throws IOException {
    Record question = question(Type.DNSKEY);
    kept.keep(question, answer(Type.DNSKEY, "example." + KEY, "example." + SIG));
    kept.forget();
    assertNull(kept.find(question));
  }

  @ParameterizedTest
  @CsvSource({
    "'example. DNSKEY 257 3 13 AAAA', ''",
    "'', ''",
    "'example. DNSKEY 257 3 13 AAAA', 'other. DNSKEY 257 3 13 AAAA'"
  })
  void unsignedEmptyOrMixedAnswersAreAskedForAgain(String first, String second) throws IOException {
    String[] lines =
        java.util.stream.Stream.of(first.replace("'", ""), second)
            .filter(l -> !l.isEmpty())
            .toArray(String[]::new);
    kept.keep(question(Type.DNSKEY), answer(Type.DNSKEY, lines));
    assertNull(kept.find(question(Type.DNSKEY)));
  }

  /** Two inquiries at one time: the second one waits for what the first one has asked for. */
  private Message besideAnother(Message first, Message second, AtomicInteger asked)
      throws Exception {
    CompletableFuture<Message> other = new CompletableFuture<>();
    Thread waiting =
        Thread.ofVirtual()
            .unstarted(
                () ->
                    other.complete(
                        kept.once(
                            question(Type.DS),
                            new Inquiry(Clock.system(), Duration.ofSeconds(20)),
                            () -> {
                              asked.incrementAndGet();
                              return second;
                            })));
    kept.once(
        question(Type.DS),
        new Inquiry(Clock.system(), Duration.ofSeconds(20)),
        () -> {
          asked.incrementAndGet();
          waiting.start();
          while (waiting.getState() != Thread.State.TIMED_WAITING && !other.isDone()) {
            Thread.yield();
          }
          return first;
        });
    return other.get(20, TimeUnit.SECONDS);
  }

  @Test
  void aQuestionUnderWayIsNotAskedTwiceEvenWhenItsAnswerIsADenial() throws Exception {
    for (Message answer :
        List.of(
            answer(Type.DS),
            answer(Type.DS, "example. DS 1 13 2 " + "ab".repeat(32), "example." + SIG))) {
      AtomicInteger asked = new AtomicInteger();
      Message found = besideAnother(answer, answer(Type.DS), asked);
      assertEquals(
          answer.getSection(Section.ANSWER).size(), found.getSection(Section.ANSWER).size());
      assertNotSame(answer, found, "each inquiry has a copy of its own");
      assertEquals(1, asked.get());
      kept.forget();
    }
  }

  @Test
  void troubleOfAnotherInquiryIsNotShared() throws Exception {
    Message failed = answer(Type.DS);
    failed.getHeader().setRcode(Rcode.SERVFAIL);
    AtomicInteger asked = new AtomicInteger();
    Message found = besideAnother(failed, answer(Type.DS), asked);
    assertEquals(Rcode.NOERROR, found.getRcode());
    assertEquals(2, asked.get());
    // Nothing of it stands in the way of the next.
    assertEquals(
        Rcode.NOERROR, besideAnother(answer(Type.DS), failed, new AtomicInteger()).getRcode());
  }

  @Test
  void failuresAndOtherTypesAreNotKept() throws IOException {
    Message failed = answer(Type.DNSKEY, "example." + KEY, "example." + SIG);
    failed.getHeader().setRcode(Rcode.SERVFAIL);
    kept.keep(question(Type.DNSKEY), failed);
    assertNull(kept.find(question(Type.DNSKEY)));
    kept.keep(question(Type.A), answer(Type.A, "example. A 192.0.2.1"));
    assertNull(kept.find(question(Type.A)));
  }
}
