package org.sealwax.router.milter;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.smtp.Reply;
import org.sealwax.router.log.RecordingMailLog;
import org.sealwax.router.milter.MilterSettings.OnFailure;

/** Transactions with filters that follow a script. */
@Timeout(60)
final class MilterTransactionTest {
  private static final String MESSAGE =
      "Received: from a\r\n\tby b\r\nSubject: one\r\nSubject: two\r\n\r\nHello\r\n";

  private final RecordingMailLog log = new RecordingMailLog();
  private final Milters milters = new Milters(Clock.system(), log.log());
  private ScriptedMilter filter;
  private long memory = MemoryMessage.ENOUGH;

  MilterTransactionTest() throws IOException {
    filter = new ScriptedMilter();
  }

  @BeforeEach
  void start() {
    assertNotNull(filter);
  }

  @AfterEach
  void stop() throws IOException {
    filter.close();
  }

  private static MilterSettings settings(InetSocketAddress at, OnFailure onFailure, int most) {
    return new MilterSettings(
        Optional.empty(),
        Optional.of(at),
        onFailure,
        Duration.ofMillis(300),
        Duration.ofMillis(300),
        Duration.ofMillis(300),
        most);
  }

  private MilterSettings settings(OnFailure onFailure) {
    return settings(filter.address(), onFailure, 2);
  }

  private static MilterClient client(boolean mayRelay) {
    return new MilterClient(
        "mail.example",
        new InetSocketAddress(InetAddress.ofLiteral("192.0.2.1"), 258),
        "helo.example",
        mayRelay,
        Map.of("j", "mx.example", "auth_authen", "joe"));
  }

  private MilterTransaction transaction(boolean mayRelay, MilterSettings... filters) {
    return milters.transaction(List.of(filters), client(mayRelay));
  }

  private MemoryMessage message(String text) {
    return new MemoryMessage(text, memory);
  }

  /** The message as it is after the filters. */
  private String filtered(boolean mayRelay, MilterSettings... filters) throws IOException {
    try (MilterTransaction transaction = transaction(mayRelay, filters)) {
      assertEquals(Optional.empty(), transaction.mail("a@b.example", List.of()));
      assertEquals(Optional.empty(), transaction.rcpt("c@d.example", List.of()));
      assertEquals(Optional.empty(), transaction.data("ID1"));
      MilterTransaction.FilterResult result = transaction.message(message(MESSAGE));
      assertNull(result.refusal());
      return message(MESSAGE).after(result);
    }
  }

  private MilterTransaction.FilterResult result(OnFailure onFailure) throws IOException {
    try (MilterTransaction transaction = transaction(true, settings(onFailure))) {
      assertEquals(Optional.empty(), transaction.mail("a@b.example", List.of()));
      return transaction.message(message(MESSAGE));
    }
  }

  @Test
  void theCommandsAreThoseOfTheProtocolWithTheMacrosOfPostfix() throws Exception {
    assertEquals(MESSAGE, filtered(false, settings(OnFailure.DEFER)));
    filter.awaitQuit();
    assertEquals(
        List.of(
            "DCj|mx.example|",
            "Cmail.example|4\u0001\u0002192.0.2.1|",
            "Hhelo.example|",
            "DM{auth_authen}|joe|{mail_addr}|a@b.example|{mail_host}|b.example|{mail_mailer}|smtp|",
            "M<a@b.example>|",
            "DR{rcpt_addr}|c@d.example|{rcpt_host}|d.example|{rcpt_mailer}|smtp|",
            "R<c@d.example>|",
            "DTi|ID1|",
            "T",
            "LReceived|from a\n\tby b|",
            "LSubject|one|",
            "LSubject|two|",
            "DNi|ID1|",
            "N",
            "BHello\r\n",
            "DEi|ID1|",
            "E",
            "A",
            "Q"),
        filter.commands());
  }

  @Test
  void parametersAreFurtherArgumentsOfACommand() throws Exception {
    try (MilterTransaction transaction = transaction(false, settings(OnFailure.DEFER))) {
      assertEquals(Optional.empty(), transaction.mail("", List.of("SIZE=1000", "BODY=8BITMIME")));
      assertEquals(Optional.empty(), transaction.rcpt("c@d.example", List.of("NOTIFY=NEVER")));
    }
    filter.awaitQuit();
    assertTrue(
        filter
            .commands()
            .containsAll(List.of("M<>|SIZE=1000|BODY=8BITMIME|", "R<c@d.example>|NOTIFY=NEVER|")),
        filter.commands().toString());
  }

  @Test
  void whatAFilterDoesNotWantIsNotSent() throws Exception {
    filter.negotiates(0x1 | 0x2 | 0x20 | 0x40 | 0x80000 | 0x100000).on('B');
    assertEquals(MESSAGE, filtered(false, settings(OnFailure.DEFER)));
    filter.awaitQuit();
    assertEquals(
        List.of("M", "R", "T", "B", "E", "A", "Q"),
        filter.commands().stream()
            .map(c -> c.substring(0, 1))
            .filter(c -> !c.equals("D"))
            .toList());
  }

  @Test
  void mailOfOthersGetsFieldsOnTopAndIsNotChangedBelow() throws Exception {
    filter.on(
        'E',
        ScriptedMilter.packet('h', "X-Spam\0yes\n\tvery\0"),
        ScriptedMilter.packet('i', "\0\0\0\7X-Top\0b\0"),
        ScriptedMilter.packet('i', "\0\0\0\0X-First\0a\0"),
        ScriptedMilter.packet('m', "\0\0\0\1Subject\0changed\0"),
        ScriptedMilter.packet('b', "other body\r\n"),
        ScriptedMilter.packet('+', "<more@x.example>\0"),
        ScriptedMilter.packet('p', ""),
        ScriptedMilter.packet('c', ""));
    assertEquals(
        "X-First: a\r\nX-Spam: yes\r\n\tvery\r\nX-Top: b\r\n" + MESSAGE,
        filtered(false, settings(OnFailure.DEFER)));
    assertTrue(log.recorded("filtered", "ID1", "IGNORED", "a change to a field"));
    assertTrue(log.recorded("filtered", "ID1", "IGNORED", "a change to the body"));
    assertTrue(log.recorded("filtered", "ID1", "IGNORED", "a new recipient"));
  }

  @Test
  void ourOwnMailIsChangedAsTheFilterWants() throws Exception {
    filter.on(
        'E',
        ScriptedMilter.packet('h', "X-Last\0z\0"),
        ScriptedMilter.packet('i', "\0\0\0\1X-Second\0b\0"),
        ScriptedMilter.packet('m', "\0\0\0\2subject\0second\0"),
        ScriptedMilter.packet('m', "\0\0\0\1Received\0\0"),
        ScriptedMilter.packet('m', "\0\0\0\5Subject\0new\0"),
        ScriptedMilter.packet('b', "other "),
        ScriptedMilter.packet('b', "body\r\n"),
        ScriptedMilter.packet('a', ""));
    assertEquals(
        "X-Second: b\r\nSubject: one\r\nsubject: second\r\nX-Last: z\r\nSubject: new\r\n\r\n"
            + "other body\r\n",
        filtered(true, settings(OnFailure.DEFER)));
  }

  @Test
  void eachFilterSeesTheChangesOfThoseBefore() throws Exception {
    filter.on(
        'E',
        ScriptedMilter.packet('h', "X-A\0a\0"),
        ScriptedMilter.packet('b', "new\r\n"),
        ScriptedMilter.packet('c', ""));
    try (ScriptedMilter second = new ScriptedMilter()) {
      second.on('E', ScriptedMilter.packet('h', "X-B\0b\0"), ScriptedMilter.packet('c', ""));
      String text =
          filtered(true, settings(OnFailure.DEFER), settings(second.address(), OnFailure.DEFER, 2));
      assertTrue(text.endsWith("X-A: a\r\nX-B: b\r\n\r\nnew\r\n"), text);
      assertTrue(second.commands().containsAll(List.of("LX-A|a|", "Bnew\r\n")));
    }
  }

  @Test
  void refusalsAreGivenAtTheirStage() throws Exception {
    filter.on('R', ScriptedMilter.packet('y', "450-4.2.1 not\r\n450 4.2.1 now\0"));
    try (MilterTransaction transaction = transaction(false, settings(OnFailure.ACCEPT))) {
      assertEquals(Optional.empty(), transaction.mail("a@b.example", List.of()));
      assertEquals(
          "450 4.2.1 not now", transaction.rcpt("c@d.example", List.of()).orElseThrow().toString());
      filter.on('R', ScriptedMilter.packet('c', ""));
      assertEquals(Optional.empty(), transaction.rcpt("e@d.example", List.of()));
      filter.on('E', ScriptedMilter.packet('r', ""));
      assertEquals(MilterAnswer.REJECTED, transaction.message(message(MESSAGE)).refusal());
    }
    filter.on('C', ScriptedMilter.packet('t', ""));
    try (MilterTransaction transaction = transaction(false, settings(OnFailure.ACCEPT))) {
      assertEquals(Optional.of(MilterAnswer.DEFERRED), transaction.mail("a@b.example", List.of()));
    }
  }

  @Test
  void acceptEndsAFilterAndDiscardEndsAll() throws Exception {
    filter.on('H', ScriptedMilter.packet('a', ""));
    try (ScriptedMilter second = new ScriptedMilter()) {
      second.on('R', ScriptedMilter.packet('d', ""));
      try (MilterTransaction transaction =
          transaction(
              false, settings(OnFailure.DEFER), settings(second.address(), OnFailure.DEFER, 2))) {
        assertEquals(Optional.empty(), transaction.mail("a@b.example", List.of()));
        assertEquals(Optional.empty(), transaction.rcpt("c@d.example", List.of()));
        assertTrue(transaction.message(message(MESSAGE)).discards());
      }
      assertFalse(filter.commands().stream().anyMatch(c -> c.startsWith("M")));
      assertFalse(second.commands().contains("E"));
    }
  }

  @Test
  void quarantineHasAReason() throws Exception {
    filter.on('E', ScriptedMilter.packet('q', "Eicar\u0007\0"), ScriptedMilter.packet('c', ""));
    assertEquals("Eicar?", result(OnFailure.DEFER).quarantine());
  }

  @Test
  void skipEndsTheBodyOnly() throws Exception {
    filter.negotiates(0x400).on('B', ScriptedMilter.packet('s', ""));
    filter.on('E', ScriptedMilter.packet('r', ""));
    assertEquals(MilterAnswer.REJECTED, result(OnFailure.ACCEPT).refusal());
  }

  /** An invalid answer to the end of a message is a failure, and nothing of it counts. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "s",
        "z",
        "",
        "O",
        "cx",
        "y250 2.0.0 Ok\0",
        "y354 go on\0",
        "y550 5.7.1 a\u0001b\0",
        "y550 5.7.1 a\r\n551 5.7.1 b\0",
        "y550-5.7.1 a\0",
        "y55\0",
        "y550 5.7.1",
        "y\0",
        "hX-A\0b\nX-Injected: c\0",
        "hX-A\0b\r\n\r\nbody\0",
        "hX A\0b\0",
        "h\0b\0",
        "hX-A\0b",
        "hX-A",
        "i\0\0",
        "m\377\377\377\377X\0b\0",
        "qno end",
        "hX-A\0b\rc\0"
      })
  void whatIsNoAnswerIsAFailure(String text) throws Exception {
    byte[] packet =
        text.isEmpty()
            ? new byte[] {0, 0, 0, 0}
            : ScriptedMilter.packet(text.charAt(0), text.substring(1));
    filter.on(
        'E', ScriptedMilter.packet('h', "X-Before\0x\0"), packet, ScriptedMilter.packet('c', ""));
    assertEquals(MilterAnswer.DEFERRED, result(OnFailure.DEFER).refusal());
    assertTrue(log.recorded("filterFailed"), text);
    MilterTransaction.FilterResult passed = result(OnFailure.ACCEPT);
    assertNull(passed.refusal());
    assertEquals(MESSAGE, message(MESSAGE).after(passed));
  }

  @Test
  void changesBeforeTheEndAndOptionsThatWereNotOfferedAreFailures() throws Exception {
    filter.on('B', ScriptedMilter.packet('q', "x\0"), ScriptedMilter.packet('c', ""));
    assertEquals(MilterAnswer.DEFERRED, result(OnFailure.DEFER).refusal());
    filter.negotiates(0x800);
    try (MilterTransaction transaction = transaction(true, settings(OnFailure.DEFER))) {
      assertEquals(Optional.of(MilterAnswer.DEFERRED), transaction.mail("a@b.example", List.of()));
    }
    filter.negotiates(0).on('O');
    try (MilterTransaction transaction = transaction(true, settings(OnFailure.DEFER))) {
      assertEquals(Optional.of(MilterAnswer.DEFERRED), transaction.mail("a@b.example", List.of()));
    }
  }

  @Test
  void aSilentFilterIsAFailureInTime() throws Exception {
    for (char stage : "CMBE".toCharArray()) {
      try (ScriptedMilter silent = new ScriptedMilter().on(stage);
          MilterTransaction transaction =
              transaction(true, settings(silent.address(), OnFailure.DEFER, 2))) {
        Reply reply =
            transaction.mail("a@b.example", List.of()).orElseGet(() -> refusal(transaction));
        assertEquals(MilterAnswer.DEFERRED, reply, String.valueOf(stage));
      }
    }
    assertTrue(log.recorded("filterFailed", "no answer in time"));
  }

  private Reply refusal(MilterTransaction transaction) {
    try {
      Reply reply = transaction.message(message(MESSAGE)).refusal();
      return reply == null ? Reply.of("250 2.0.0 Ok") : reply;
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  @Test
  void connectionsAreLimited() throws Exception {
    MilterSettings one = settings(filter.address(), OnFailure.DEFER, 1);
    try (MilterTransaction first = transaction(true, one)) {
      assertEquals(Optional.empty(), first.mail("a@b.example", List.of()));
      try (MilterTransaction second = transaction(true, one)) {
        assertEquals(Optional.of(MilterAnswer.DEFERRED), second.mail("a@b.example", List.of()));
      }
    }
    assertTrue(log.recorded("filterFailed", "the maximum of 1 connection is in use"));
    try (MilterTransaction third = transaction(true, one)) {
      assertEquals(Optional.empty(), third.mail("a@b.example", List.of()));
    }
  }

  @Test
  void aFilterThatIsGoneIsAFailure() throws Exception {
    // Bound and not listening: refuses connections, and no other process gets the port.
    try (Socket gone = new Socket()) {
      gone.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
      InetSocketAddress address = (InetSocketAddress) gone.getLocalSocketAddress();
      try (MilterTransaction deferring = transaction(true, settings(address, OnFailure.DEFER, 1))) {
        assertEquals(Optional.of(MilterAnswer.DEFERRED), deferring.mail("a@b.example", List.of()));
      }
      try (MilterTransaction accepting =
          transaction(true, settings(address, OnFailure.ACCEPT, 1))) {
        assertEquals(Optional.empty(), accepting.mail("a@b.example", List.of()));
        assertNull(accepting.message(message(MESSAGE)).refusal());
      }
    }
  }

  @Test
  void sizesAreBounded() throws Exception {
    String large = "X: " + "x".repeat(70_000) + "\r\n\r\n";
    try (MilterTransaction transaction = transaction(true, settings(OnFailure.ACCEPT))) {
      assertEquals(Optional.empty(), transaction.mail("a@b.example", List.of()));
      assertEquals(
          MilterTransaction.FIELD_TOO_LARGE, transaction.message(message(large)).refusal());
    }
    filter.on('E', ScriptedMilter.packet('b', "x".repeat(100_001)), ScriptedMilter.packet('c', ""));
    assertEquals(MilterAnswer.DEFERRED, result(OnFailure.DEFER).refusal());
    byte[][] many = new byte[MessageEdits.MAX_ADDED + 2][];
    java.util.Arrays.fill(many, ScriptedMilter.packet('h', "X\0y\0"));
    many[many.length - 1] = ScriptedMilter.packet('c', "");
    filter.on('E', many);
    assertEquals(MilterAnswer.DEFERRED, result(OnFailure.DEFER).refusal());
    memory = 1000;
    try {
      result(OnFailure.ACCEPT);
      org.junit.jupiter.api.Assertions.fail("without memory");
    } catch (MessageEdits.NoMemory e) {
      assertTrue(String.valueOf(e.getMessage()).contains("memory"));
    }
  }
}
