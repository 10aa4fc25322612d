package org.sealwax.router.deliver;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.sealwax.router.deliver.FakeInternet.reason;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.ConnectException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.address.ReversePath;
import org.sealwax.mail.net.Dialer;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.Threads;
import org.sealwax.mail.policy.TlsFloors;
import org.sealwax.mail.policy.TlsLevel;
import org.sealwax.mail.smtp.DsnRequest;
import org.sealwax.mail.smtp.MailParameters.ReturnParameter;
import org.sealwax.mail.smtp.session.SmtpTimeouts;
import org.sealwax.mail.tls.verdict.TrustRoots;
import org.sealwax.mail.tls.verdict.Verdict;
import org.sealwax.router.dialogue.DialogueFile;
import org.sealwax.router.dialogue.DialoguePlayer;
import org.sealwax.router.evidence.EvidenceGatherer;
import org.sealwax.router.ledger.HostMemories;
import org.sealwax.router.log.RecordingMailLog;
import org.sealwax.router.queue.Consignment;
import org.sealwax.router.queue.DeliverySlot;
import org.sealwax.router.queue.DeliveryTarget;
import org.sealwax.router.queue.MailOptions;
import org.sealwax.router.queue.NextHop;
import org.sealwax.router.queue.Outcome;
import org.sealwax.router.queue.Recipient;
import org.sealwax.router.queue.TestRecipients;
import org.sealwax.router.spool.QueueId;
import org.sealwax.testkit.dns.FixedResolver;
import org.sealwax.testkit.net.ManualClock;
import org.sealwax.testkit.net.MemoryWire;
import org.sealwax.testkit.tls.FakeTls;

/**
 * Our client in the conversations under {@code router/src/test/resources/dialogue/client}: the file
 * plays the host on one connection, and there is no other. Mail goes from {@code
 * sender@origin.example} to example.org.
 *
 * <pre>
 * @ to bob alice          recipients, by local part
 * @ level encrypt         of the policy
 * @ body eight-bit        or binary
 * @ utf8                  the mail asked for SMTPUTF8
 * @ content Subject: x    a line of content; without any there are two
 * @ fill 300000           so many bytes of content, all "x" lines
 * @ notify bob failure delay     @ notify bob never      @ orcpt bob rfc822;bob@example.org
 * @ ret headers           @ envid QQ314159
 * Q: bob deferred timeout          the outcome of each recipient, in order
 * </pre>
 */
final class ClientDialogueFilesTest {
  private static final Duration LIMIT = Duration.ofSeconds(15);

  private final FixedResolver.Builder dns =
      FixedResolver.builder()
          .mx("example.org", 10, "mx.example.org")
          .a("mx.example.org", "198.51.100.1");
  private final ManualClock clock = new ManualClock(FakeInternet.NOON);
  private final RecordingMailLog log = new RecordingMailLog();
  private final List<String> recipients = new ArrayList<>();
  private final StringBuilder content = new StringBuilder();
  private final List<String[]> dsnOptions = new ArrayList<>();
  private TlsLevel level = TlsLevel.MAY;
  private MailOptions.BodyType body = MailOptions.BodyType.SEVEN_BIT;
  private ReturnParameter ret = ReturnParameter.UNSPECIFIED;
  private boolean utf8;
  private @Nullable String envelopeId;

  static Stream<Path> files() throws IOException {
    List<Path> files = DialogueFile.under("client");
    assertTrue(files.size() >= 15, "only " + files.size() + " dialogues");
    return files.stream();
  }

  private void option(String option) {
    String[] words = option.split(" ");
    String rest = option.substring(Math.min(option.length(), words[0].length() + 1));
    switch (words[0]) {
      case "to" -> recipients.addAll(Arrays.asList(words).subList(1, words.length));
      case "level" -> level = TlsLevel.valueOf(upper(rest));
      case "body" -> body = MailOptions.BodyType.valueOf(upper(rest));
      case "ret" -> ret = ReturnParameter.valueOf(upper(rest));
      case "utf8" -> utf8 = true;
      case "envid" -> envelopeId = rest;
      case "content" -> content.append(rest).append("\r\n");
      case "fill" -> content.append(("x".repeat(98) + "\r\n").repeat(Integer.parseInt(rest) / 100));
      case "notify", "orcpt" -> dsnOptions.add(words);
      default -> throw new IllegalArgumentException("not understood: @ " + option);
    }
  }

  private static String upper(String text) {
    return text.toUpperCase(Locale.ROOT).replace('-', '_');
  }

  private DsnRequest dsn(String recipient) {
    Set<DsnRequest.NotifyEvent> when = EnumSet.noneOf(DsnRequest.NotifyEvent.class);
    boolean never = false;
    String original = null;
    for (String[] words : dsnOptions) {
      if (!words[1].equals(recipient)) {
        continue;
      }
      if (words[0].equals("orcpt")) {
        original = words[2];
        continue;
      }
      for (String word : Arrays.asList(words).subList(2, words.length)) {
        if (word.equals("never")) {
          never = true;
        } else {
          when.add(DsnRequest.NotifyEvent.valueOf(upper(word)));
        }
      }
    }
    return new DsnRequest(when, never, original);
  }

  private Consignment consignment() {
    Domain domain = Domain.of("example.org");
    List<Recipient> consigned = new ArrayList<>();
    for (String local : recipients) {
      consigned.add(
          TestRecipients.of(
              consigned.size() + 1L,
              new DeliveryTarget.Remote(new Mailbox(local, domain)),
              dsn(local)));
    }
    if (content.isEmpty()) {
      content.append("Subject: hello\r\n\r\n");
    }
    byte[] bytes = content.toString().getBytes(StandardCharsets.UTF_8);
    return new Consignment(
        new QueueId("0TestMail1"),
        ReversePath.of(new Mailbox("sender", Domain.of("origin.example"))),
        new MailOptions(body, utf8, envelopeId, ret, MailOptions.TlsOption.UNSPECIFIED),
        new NextHop.ByMx(domain),
        consigned,
        null,
        FakeInternet.NOON,
        1,
        bytes.length,
        () -> new ByteArrayInputStream(bytes),
        DeliverySlot.unlimited());
  }

  private SmtpDeliveryAgent agent(Dialer dialer) {
    DeliverySettings usual = DeliverySettings.defaults(Domain.of("router.example"));
    DeliverySettings settings =
        new DeliverySettings(
            usual.ehlo(),
            usual.ownNames(),
            usual.ownEndpoints(),
            usual.mxPort(),
            true,
            false,
            null,
            null,
            usual.stagger(),
            SmtpTimeouts.defaults(),
            new ConnectionPoolSettings(0, 0, Duration.ofSeconds(5), 100, Duration.ofMinutes(5)),
            false,
            false,
            false,
            usual.hold(),
            level,
            TlsFloors.DEFAULT,
            List.of(),
            Map.of());
    return new SmtpDeliveryAgent(
        settings,
        dns.build(),
        new HostConnector(
            settings,
            dns.build(),
            Dialers.both(dialer),
            FakeTls.client(new Verdict.Trusted()),
            Map.of("public", new TrustRoots("public", Set.of())),
            RandomSource.seeded(1)),
        new EvidenceGatherer(List.of()),
        DeliveryRecorder.withoutRecords(log.log(), new HostMemories()),
        clock,
        RandomSource.seeded(1));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("files")
  @Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void ourClientTalksAsWritten(Path path) throws Exception {
    DialogueFile file = DialogueFile.read(path);
    file.options().forEach(this::option);
    MemoryWire.MemoryWirePair pair = MemoryWire.pair();
    AtomicReference<@Nullable MemoryWire> only = new AtomicReference<>(pair.client());
    Dialer dialer =
        (to, from, timeout) -> {
          MemoryWire wire = only.getAndSet(null);
          if (wire == null) {
            throw new ConnectException("Connection refused");
          }
          return wire;
        };
    DialoguePlayer player =
        new DialoguePlayer(
            file,
            pair.server(),
            pair.client(),
            new DialoguePlayer.DialogueEvents() {
              @Override
              public void later(Duration passed) {
                clock.pass(passed);
              }

              @Override
              public void shutdown() {
                throw new IllegalStateException("a client is not shut down");
              }

              @Override
              public void handshake(MemoryWire wire) throws IOException {
                FakeTls.asServer(wire);
              }
            });
    try (SmtpDeliveryAgent agent = agent(dialer)) {
      FutureTask<Map<Long, Outcome>> delivery =
          new FutureTask<>(() -> agent.deliver(consignment()));
      Threads.start("delivery", delivery);
      try {
        player.playServer();
      } finally {
        pair.server().close();
      }
      Map<Long, Outcome> outcomes = delivery.get(LIMIT.toSeconds(), TimeUnit.SECONDS);
      assertFalse(log.recorded("bug"), () -> "a bug: " + log.facts());
      List<String> lines = new ArrayList<>();
      for (int i = 0; i < recipients.size(); i++) {
        Outcome outcome = outcomes.get(i + 1L);
        if (outcome == null) {
          throw new AssertionError("no outcome for " + recipients.get(i));
        }
        lines.add("Q: " + recipients.get(i) + " " + reason(outcome));
      }
      assertEquals(file.queued(), lines);
    }
  }
}
