package org.sealwax.router.queue;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.address.ReversePath;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.Threads;
import org.sealwax.mail.smtp.DsnRequest;
import org.sealwax.mail.smtp.EnhancedStatus;
import org.sealwax.mail.smtp.MailParameters.ReturnParameter;
import org.sealwax.mail.smtp.Reply;
import org.sealwax.router.queue.KnownNextHops.SchedulingKey;
import org.sealwax.router.spool.BatchState;
import org.sealwax.router.spool.CommitListener;
import org.sealwax.router.spool.CrashMarks;
import org.sealwax.router.spool.QueueId;
import org.sealwax.router.spool.Spool;
import org.sealwax.router.spool.SpoolChange;
import org.sealwax.router.spool.SpoolException;
import org.sealwax.router.spool.SpoolSettings;
import org.sealwax.router.spool.SqliteSpool;

/** The queue on the real store: mail that comes in is delivered, returned or waits. */
@Timeout(300)
final class QueueTest {
  @TempDir Path folder;

  private final BugLog log = new BugLog();
  private final BlockingQueue<DeliveredMessage> seen = new LinkedBlockingQueue<>();
  private volatile Function<Consignment, Outcome> answer =
      c -> new Outcome.Delivered("mx.example", "250 ok", "may:trusted", true, false);

  /** Recipients that are delivered whatever the answer is. */
  private volatile Set<String> taken = Set.of();

  private final Map<String, List<DeliveryTarget>> aliases = new ConcurrentHashMap<>();

  private SqliteSpool spool;
  private Queue queue;

  private record DeliveredMessage(Consignment consignment, String content) {}

  private static final Mailbox SENDER = mailbox("sender@from.example");

  static Mailbox mailbox(String text) {
    int at = text.lastIndexOf('@');
    return new Mailbox(text.substring(0, at), Domain.of(text.substring(at + 1)));
  }

  @BeforeEach
  void open() throws IOException {
    spool =
        SqliteSpool.open(
            new SpoolSettings(folder.resolve("spool"), 0, 1000),
            Clock.system(),
            RandomSource.secure(),
            log.log,
            () -> {});
    queue = newQueue();
    queue.start();
  }

  private Queue newQueue() {
    return newQueue(spool);
  }

  private Queue newQueue(Spool store) {
    return new Queue(
        store,
        new TestRouting(aliases),
        this::deliver,
        Clock.system(),
        RandomSource.secure(),
        log.log,
        QueueSettings.defaults(Domain.of("router.example")),
        CrashMarks.none(),
        Threads::start);
  }

  /** By MX, and these aliases. */
  private record TestRouting(Map<String, List<DeliveryTarget>> aliases) implements Routing {
    @Override
    public NextHop nextHopFor(DeliveryTarget target) {
      return switch (target) {
        case DeliveryTarget.Remote r -> new NextHop.ByMx((Domain) r.mailbox().domain());
        case DeliveryTarget.Pipe c -> new NextHop.Pipe(c.pipe());
        case DeliveryTarget.Postmaster p -> new NextHop.NoPostmaster();
        case DeliveryTarget.Reports r -> new NextHop.Reports();
      };
    }

    @Override
    public List<DeliveryTarget> targetsOf(Mailbox mailbox) {
      return aliases.getOrDefault(mailbox.toString(), Routing.super.targetsOf(mailbox));
    }
  }

  @AfterEach
  void close() throws Exception {
    queue.drain(Duration.ofSeconds(5));
    spool.close();
    assertEquals(List.of(), log.bugs);
  }

  private Map<Long, Outcome> deliver(Consignment c) {
    String content;
    try (var in = c.content().open()) {
      content = new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    Outcome outcome = answer.apply(c);
    Map<Long, Outcome> all = new HashMap<>();
    Outcome delivered = new Outcome.Delivered("mx.example", "250 ok", "none", true, false);
    c.recipients()
        .forEach(
            r -> {
              boolean isTaken =
                  r.target() instanceof DeliveryTarget.Remote(Mailbox to)
                      && taken.contains(to.toString());
              all.put(r.key(), isTaken ? delivered : outcome);
            });
    seen.add(new DeliveredMessage(c, content));
    return all;
  }

  private QueueId send(ReversePath from, String content, Recipient... to) throws IOException {
    return send(from, content, MailOptions.plain(), to);
  }

  private QueueId send(ReversePath from, String content, MailOptions options, Recipient... to)
      throws IOException {
    try (Intake.IncomingMessage entry = queue.intake().open()) {
      OutputStream out = entry.content();
      out.write(content.getBytes(StandardCharsets.UTF_8));
      entry.commit(new Envelope(from, options, "test[127.0.0.1]", "s1", ""), List.of(to));
      return entry.id();
    }
  }

  private static Recipient to(String mailbox) {
    return to(mailbox, DsnRequest.none());
  }

  private static Recipient to(String mailbox, DsnRequest dsn) {
    return Recipient.direct(mailbox(mailbox), ReversePath.of(SENDER), dsn);
  }

  private DeliveredMessage next() throws InterruptedException {
    DeliveredMessage s = seen.poll(20, TimeUnit.SECONDS);
    if (s == null) {
      throw new AssertionError("nothing came; the log said " + log.bugs);
    }
    return s;
  }

  private void untilEmpty() throws Exception {
    while (queue.figures().inMemory() > 0 || !spool.counts().isEmpty()) {
      Thread.sleep(1);
    }
  }

  @Test
  void acceptedMailIsDeliveredAndTraced() throws Exception {
    QueueId id = send(ReversePath.of(SENDER), "Subject: a\r\n\r\nb\r\n", to("r@to.example"));
    DeliveredMessage s = next();
    assertEquals("Subject: a\r\n\r\nb\r\n", s.content());
    assertEquals(id, s.consignment().id());
    assertEquals(1, s.consignment().round());
    untilEmpty();
    assertTrue(spool.message(id).isEmpty());
    TraceEntry entry = QueueRecordCodec.TRACE_ENTRY.read(spool.trace(id).getFirst().facts());
    assertEquals(TraceEntry.RecipientEvent.DELIVERED, entry.lines().getFirst().what());
  }

  @Test
  void tlsRequiredNoIgnoresPausesOfOtherMail() throws Exception {
    answer =
        c ->
            c.options().tls() == MailOptions.TlsOption.OPTIONAL
                ? new Outcome.Delivered("mx.example", "250 ok", "may:none", true, false)
                : new Outcome.Deferred(
                    new FailureCause(
                        "tls-identity",
                        EnhancedStatus.of("4.7.0"),
                        "untrusted(expired)",
                        "mx.to.example[192.0.2.1]:25",
                        null,
                        FailureCause.Extent.NEXT_HOP));
    send(ReversePath.of(SENDER), "Subject: strict\r\n\r\n", to("r@to.example"));
    assertEquals("Subject: strict\r\n\r\n", next().content());
    while (queue.figures().deadSites() == 0) {
      Thread.sleep(1);
    }
    QueueId waits = send(ReversePath.of(SENDER), "Subject: too\r\n\r\n", to("r@to.example"));
    MailOptions optional =
        new MailOptions(
            MailOptions.BodyType.SEVEN_BIT,
            false,
            null,
            ReturnParameter.UNSPECIFIED,
            MailOptions.TlsOption.OPTIONAL);
    send(ReversePath.of(SENDER), "Subject: open\r\n\r\n", optional, to("r@to.example"));
    assertEquals("Subject: open\r\n\r\n", next().content());
    while (queue.figures().running() > 0) {
      Thread.sleep(1);
    }
    assertEquals(1, queue.figures().deadSites(), "it does not end the pause of the others");
    assertEquals(0, seen.size());
    QueueRow row = new QueueView(queue).list(QueueFilter.of(waits), null, 1).rows().getFirst();
    assertEquals("to.example", row.nextHop());
    NextHop hop = new NextHop.ByMx(Domain.of("to.example"));
    for (MailOptions.TlsOption tls : MailOptions.TlsOption.values()) {
      assertEquals("to.example", SchedulingKey.hop(SchedulingKey.of(hop, tls)));
    }
  }

  @Test
  void groupsRecipientsByNextHopAndDeliversEachAddressOnce() throws Exception {
    send(
        ReversePath.of(SENDER),
        "\r\n",
        to("a@one.example"),
        to("b@one.example"),
        to("a@one.example"),
        to("c@two.example"));
    List<Integer> sizes =
        new ArrayList<>(
            List.of(next(), next()).stream()
                .map(s -> s.consignment().recipients().size())
                .toList());
    sizes.sort(null);
    assertEquals(List.of(1, 2), sizes);
    untilEmpty();
    assertEquals(2, seen.size() + 2);
  }

  /** RFC 8689 5: header only, guarded like the mail itself; "optional" is not inherited. */
  @Test
  void aNotificationOfMailThatRequiredTlsRequiresItAndCarriesNoContent() throws Exception {
    answer =
        c ->
            c.sender() instanceof ReversePath.Null
                ? new Outcome.Delivered("mx.from.example", "250 ok", "none", true, false)
                : new Outcome.Refused(
                    new FailureCause(
                        "requiretls-missing",
                        EnhancedStatus.of("5.7.30"),
                        "The host does not offer REQUIRETLS.",
                        "mx.to.example[192.0.2.1]:25",
                        null,
                        FailureCause.Extent.MESSAGE));
    for (MailOptions.TlsOption tls : MailOptions.TlsOption.values()) {
      boolean required = tls == MailOptions.TlsOption.REQUIRED;
      send(
          ReversePath.of(SENDER),
          "Subject: hello\r\n\r\nsecret words\r\n",
          new MailOptions(MailOptions.BodyType.SEVEN_BIT, false, null, ReturnParameter.FULL, tls),
          to("r@to.example"));
      assertEquals(tls, next().consignment().options().tls());
      DeliveredMessage dsn = next();
      assertEquals(
          required ? MailOptions.TlsOption.REQUIRED : MailOptions.TlsOption.UNSPECIFIED,
          dsn.consignment().options().tls());
      assertTrue(dsn.content().contains("Status: 5.7.30"), dsn.content());
      assertTrue(dsn.content().contains("Subject: hello"), dsn.content());
      assertEquals(!required, dsn.content().contains("secret words"), dsn.content());
    }
  }

  /** The MX of the sender's domain is this host: by MX the notification would be a loop. */
  @Test
  void aNotificationToAnAliasGoesToItsTargets() throws Exception {
    Mailbox alias = mailbox("bugs@own.example");
    DeliveryTarget one = new DeliveryTarget.Remote(mailbox("ann@one.example"));
    DeliveryTarget two = new DeliveryTarget.Remote(mailbox("bob@two.example"));
    aliases.put(alias.toString(), List.of(one, two));
    taken = Set.of("ann@one.example", "bob@two.example");
    answer =
        c ->
            new Outcome.Refused(
                new FailureCause(
                    "recipient-refused",
                    EnhancedStatus.of("5.1.1"),
                    "no such user",
                    "mx.to.example[192.0.2.1]:25",
                    null,
                    FailureCause.Extent.RECIPIENT));
    // So do our other messages: TLS reports.
    assertEquals(
        List.of(one, two),
        queue.intake().ownRecipients(alias, ReversePath.nullPath(), DsnRequest.none()).stream()
            .map(Recipient::target)
            .toList());
    send(ReversePath.of(alias), "Subject: hello\r\n\r\n", to("gone@to.example"));
    assertEquals(new NextHop.ByMx(Domain.of("to.example")), next().consignment().nextHop());
    List<DeliveredMessage> notifications = List.of(next(), next());
    assertEquals(
        Set.of(one, two),
        notifications.stream()
            .map(n -> n.consignment().recipients().getFirst().target())
            .collect(Collectors.toSet()));
    for (DeliveredMessage notification : notifications) {
      Recipient recipient = notification.consignment().recipients().getFirst();
      assertEquals(alias, recipient.original());
      assertEquals("bugs@own.example", recipient.deliveredTo());
      assertEquals(ReversePath.nullPath(), recipient.sender());
      assertTrue(notification.content().contains("To: <bugs@own.example>"));
    }
    untilEmpty();
  }

  /** RFC 8460 3: the mark of our own report is in the store, not in memory. */
  @Test
  void aTlsReportIsStillKnownForOneAfterARestart() throws Exception {
    queue.drain(Duration.ofSeconds(5));
    queue = newQueue(); // takes mail, and does not begin to deliver
    MailOptions report =
        new MailOptions(
            MailOptions.BodyType.SEVEN_BIT,
            false,
            null,
            ReturnParameter.HEADERS,
            MailOptions.TlsOption.REPORT);
    send(ReversePath.of(SENDER), "\r\n", report, to("r@to.example"));
    queue.drain(Duration.ofSeconds(5));
    spool.close();
    open();
    assertEquals(report, next().consignment().options());
    untilEmpty();
  }

  @Test
  void bounceHasTheNullReversePath() throws Exception {
    answer =
        c ->
            c.sender() instanceof ReversePath.Null
                ? new Outcome.Delivered("mx.from.example", "250 ok", "none", true, false)
                : new Outcome.Refused(
                    new FailureCause(
                        "refused",
                        EnhancedStatus.of("5.1.1"),
                        "There is no such recipient.",
                        "mx.to.example[192.0.2.1]:25",
                        Reply.of(550, EnhancedStatus.of("5.1.1"), "no such user"),
                        FailureCause.Extent.RECIPIENT));
    QueueId id = send(ReversePath.of(SENDER), "Subject: hello\r\n\r\nbody\r\n", to("r@to.example"));
    next();
    DeliveredMessage dsn = next();
    assertEquals(ReversePath.nullPath(), dsn.consignment().sender());
    assertEquals(
        new DeliveryTarget.Remote(SENDER), dsn.consignment().recipients().getFirst().target());
    for (String part :
        List.of(
            "Content-Type: multipart/report; report-type=delivery-status;",
            "Action: failed\r\nStatus: 5.1.1\r\nRemote-MTA: dns; mx.to.example\r\n",
            "    The mailbox does not exist.\r\n"
                + "    mx.to.example[192.0.2.1]:25 said: 550 5.1.1 no such user",
            "Diagnostic-Code: smtp; 550 5.1.1 no such user",
            "Final-Recipient: rfc822; r@to.example",
            "Content-Type: message/rfc822",
            "Subject: hello\r\n\r\nbody",
            "X-Queue-Id: " + id)) {
      assertTrue(dsn.content().contains(part), part + " in " + dsn.content());
    }
    untilEmpty();
  }

  /** RFC 3464 2.3.2: the mailbox as it was when we accepted the message, not where it went. */
  @Test
  void dsnNamesTheAliasAndNotItsTarget() throws Exception {
    answer =
        c ->
            c.sender() instanceof ReversePath.Null
                ? new Outcome.Delivered("mx.from.example", "250 ok", "none", true, false)
                : new Outcome.Refused(
                    new FailureCause(
                        "refused",
                        EnhancedStatus.of("5.1.1"),
                        "host mx.to.example said at RCPT: 550 5.1.1 hidden@to.example is gone",
                        "mx.to.example[192.0.2.1]:25",
                        Reply.of(
                            550, EnhancedStatus.of("5.1.1"), "hidden@to.example is gone, aGlkZGVu"),
                        FailureCause.Extent.RECIPIENT));
    DsnRequest dsn =
        new DsnRequest(
            Set.of(DsnRequest.NotifyEvent.FAILURE), false, "rfc822;asked+2Bx@far.example");
    send(
        ReversePath.of(SENDER),
        "\r\n",
        new Recipient(
            new DeliveryTarget.Remote(mailbox("hidden@to.example")),
            ReversePath.of(SENDER),
            mailbox("team@here.example"),
            true,
            false,
            dsn));
    next();
    String text = next().content();
    assertTrue(text.contains("Original-Recipient: rfc822; asked+x@far.example\r\n"), text);
    assertTrue(text.contains("Final-Recipient: rfc822; team@here.example\r\n"), text);
    assertTrue(text.contains("<team@here.example>"), text);
    assertTrue(text.contains("Action: failed\r\nStatus: 5.1.1\r\n"), text);
    assertTrue(text.contains("Diagnostic-Code: X-Sealwax; The mailbox does not exist.\r\n"), text);
    for (String secret : List.of("hidden", "to.example", "is gone", "aGlkZGVu", "Remote-MTA")) {
      assertFalse(text.contains(secret), secret + " in " + text);
    }
    untilEmpty();
  }

  /** In no kind of notice, in no part and in no encoding. */
  @ParameterizedTest
  @ValueSource(strings = {"refused", "lost", "delivered", "relayed", "given up"})
  void noNoticeRevealsWhereAnAliasLeads(String how) throws Exception {
    Reply reply =
        Reply.of(
            550,
            EnhancedStatus.of("5.7.1"),
            "<Hidden.Jane@sub.to.example> hidden+2Ejane=to SGlkZGVuLkphbmU= =?utf-8?q?Hidden?="
                + " [192.0.2.7] see https://to.example/?to=hidden%2Ejane");
    String host = "mx.to.example[192.0.2.7]:25";
    FailureCause refused =
        new FailureCause(
            "refused",
            EnhancedStatus.of("5.7.1"),
            "host " + host + " said: " + reply,
            host,
            reply,
            FailureCause.Extent.RECIPIENT);
    FailureCause lost =
        new FailureCause(
            "lost-connection",
            EnhancedStatus.of("4.4.2"),
            "lost connection with " + host + " while hidden.jane@sub.to.example was sent",
            host,
            null,
            FailureCause.Extent.RECIPIENT);
    answer =
        c ->
            c.sender() instanceof ReversePath.Null
                ? new Outcome.Delivered("mx.from.example", "250 ok", "none", true, false)
                : switch (how) {
                  case "refused" -> new Outcome.Refused(refused);
                  case "lost" -> new Outcome.Refused(lost);
                  case "given up" -> new Outcome.Deferred(refused);
                  default ->
                      new Outcome.Delivered(
                          host, "250 ok " + reply, "none", false, how.equals("delivered"));
                };
    DsnRequest all = new DsnRequest(Set.of(DsnRequest.NotifyEvent.values()), false, null);
    QueueId id =
        send(
            ReversePath.of(SENDER),
            "Subject: x\r\n\r\nbody\r\n",
            new Recipient(
                new DeliveryTarget.Remote(mailbox("hidden.jane@sub.to.example")),
                ReversePath.of(SENDER),
                mailbox("team@here.example"),
                true,
                false,
                all));
    next();
    if (how.equals("given up")) {
      untilAtRest();
      assertEquals(
          1,
          new QueueControl(queue)
              .order(QueueControl.Order.BOUNCE, QueueFilter.of(id))
              .recipients());
    }
    String text = next().content();
    assertTrue(text.contains("Final-Recipient: rfc822; team@here.example\r\n"), text);
    String status =
        switch (how) {
          case "refused", "given up" -> "Status: 5.7.1";
          case "lost" -> "Status: 5.4.2";
          default -> "Status: 2.0.0";
        };
    assertTrue(text.contains(status + "\r\n"), text);
    String plain = text.toLowerCase(Locale.ROOT);
    for (String secret :
        List.of("hidden", "jane", "to.example", "192.0.2.7", "sglkzgvu", "remote-mta", "https")) {
      assertFalse(plain.contains(secret), secret + " in " + text);
    }
    untilEmpty();
  }

  @Test
  void nullSenderMailIsHeldAndNotBounced() throws Exception {
    answer =
        c ->
            new Outcome.Refused(
                new FailureCause(
                    "refused",
                    EnhancedStatus.of("5.1.1"),
                    "no",
                    null,
                    null,
                    FailureCause.Extent.RECIPIENT));
    QueueId id =
        send(
            ReversePath.nullPath(),
            "\r\n",
            Recipient.direct(mailbox("r@to.example"), ReversePath.nullPath(), DsnRequest.none()));
    next();
    while (queue.figures().inMemory() > 0) {
      Thread.sleep(1);
    }
    assertEquals(QueueStep.DOUBLE_BOUNCE, spool.counts().getFirst().reason());
    assertTrue(spool.message(id).isPresent());
    assertTrue(seen.isEmpty());
  }

  @Test
  void deferredMailIsRetriedWithTheNextRoundNumber() throws Exception {
    RetrySchedule quick =
        new RetrySchedule(
            List.of(Duration.ofSeconds(1)), 0, Duration.ofDays(1), Duration.ofHours(4));
    queue.settings(TestQueueSettings.with(queue.settings(), "schedule", quick));
    answer =
        c ->
            c.round() == 1
                ? new Outcome.Deferred(
                    new FailureCause(
                        "greylisted",
                        EnhancedStatus.of("4.7.1"),
                        "later",
                        null,
                        null,
                        FailureCause.Extent.MESSAGE))
                : new Outcome.Delivered("mx", "250", "none", true, false);
    send(ReversePath.of(SENDER), "x\r\n", to("r@to.example"));
    assertEquals(1, next().consignment().round());
    DeliveredMessage second = next();
    assertEquals(2, second.consignment().round());
    assertEquals("x\r\n", second.content());
    untilEmpty();
  }

  @Test
  void successDsnOnlyWhenRequestedAndNotPassedOn() throws Exception {
    answer =
        c ->
            new Outcome.Delivered(
                "mx", "250", "none", c.sender() instanceof ReversePath.Null, false);
    DsnRequest requested =
        new DsnRequest(Set.of(DsnRequest.NotifyEvent.SUCCESS), false, "rfc822;r+2Bx@to.example");
    send(ReversePath.of(SENDER), "x\r\n", to("r@to.example", requested));
    next();
    DeliveredMessage dsn = next();
    assertTrue(dsn.content().contains("Action: relayed"), dsn.content());
    assertTrue(dsn.content().contains("Original-Recipient: rfc822; r+x@to.example"));
    untilEmpty();
  }

  @Test
  void streamsALargeContentThroughAFileThatIsGoneAfterwards() throws Exception {
    String line = "0123456789".repeat(7) + "\r\n";
    String content = line.repeat(20_000);
    send(ReversePath.of(SENDER), content, to("r@to.example"));
    assertEquals(content.length(), next().content().length());
    untilEmpty();
    spool.close();
    try (var files = java.nio.file.Files.list(folder.resolve("spool/bodies"))) {
      assertEquals(0, files.count());
    }
  }

  private static Outcome deferred() {
    return new Outcome.Deferred(
        new FailureCause(
            "greylisted",
            EnhancedStatus.of("4.7.1"),
            "Come back later.",
            "mx.example[192.0.2.1]:25",
            Reply.of(451, EnhancedStatus.of("4.7.1"), "later"),
            FailureCause.Extent.MESSAGE));
  }

  private void untilAtRest() throws InterruptedException {
    while (queue.figures().inMemory() > 0) {
      Thread.sleep(1);
    }
  }

  @Test
  void listsHoldsReleasesRetriesBouncesAndDeletesByFilter() throws Exception {
    answer =
        c ->
            c.sender() instanceof ReversePath.Null
                ? new Outcome.Delivered("mx", "250", "none", true, false)
                : deferred();
    QueueView view = new QueueView(queue);
    QueueControl control = new QueueControl(queue);
    QueueId one =
        send(
            ReversePath.of(SENDER),
            "Subject: q\r\n\r\nx\r\n",
            to("a@one.example"),
            to("b@one.example"));
    QueueId two = send(ReversePath.of(SENDER), "\r\n", to("c@two.example"));
    next();
    next();
    untilAtRest();
    assertEquals(3, view.list(QueueFilter.all(), null, 10).rows().size());
    assertEquals("greylisted", view.counts().getFirst().reason());
    List<String> causes =
        view.causes(QueueFilter.all()).stream().map(c -> c.recipients() + " " + c.cause()).toList();
    assertEquals(List.of("2 temporary", "1 temporary"), causes);
    QueueFilter inTwo =
        new QueueFilter(
            Optional.empty(),
            Optional.of(Domain.of("two.example")),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty());
    assertEquals(two, view.list(inTwo, null, 10).rows().getFirst().id());
    QueueFilter onlyB =
        new QueueFilter(
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.of("B@one.example"),
            Optional.empty(),
            Optional.empty());
    assertEquals(1, control.order(QueueControl.Order.HOLD, onlyB).recipients());
    untilAtRest();
    assertEquals(
        List.of(BatchState.DEFERRED, BatchState.HELD),
        view.list(QueueFilter.of(one), null, 10).rows().stream()
            .map(r -> r.batch().state())
            .toList());
    assertEquals(1, control.order(QueueControl.Order.RETRY, inTwo).recipients());
    assertEquals(2, next().consignment().round());
    untilAtRest();
    assertEquals(1, control.order(QueueControl.Order.RELEASE, onlyB).recipients());
    assertEquals(1, next().consignment().recipients().size());
    untilAtRest();
    assertEquals("Subject: q\r\n", view.message(one).orElseThrow().header());
    assertEquals(2, control.order(QueueControl.Order.BOUNCE, QueueFilter.of(one)).recipients());
    for (int i = 0; i < 2; i++) {
      assertTrue(next().content().contains("bounced by the postmaster"));
    }
    untilAtRest();
    assertTrue(view.message(one).isEmpty());
    MessageTrace trace = view.trace(one);
    assertEquals("test[127.0.0.1]", trace.arrival().orElseThrow().origin());
    assertEquals(
        Set.of(
            TraceEntry.RecipientEvent.DEFERRED,
            TraceEntry.RecipientEvent.HELD,
            TraceEntry.RecipientEvent.RELEASED,
            TraceEntry.RecipientEvent.BOUNCED,
            TraceEntry.RecipientEvent.NOTIFIED),
        trace.entries().stream()
            .flatMap(s -> s.lines().stream())
            .map(TraceEntry.RecipientTrace::what)
            .collect(java.util.stream.Collectors.toSet()));
    assertEquals(1, control.order(QueueControl.Order.DELETE, QueueFilter.all()).recipients());
    untilEmpty();
    assertTrue(view.trace(QueueId.of(1)).isUnknown());
  }

  @Test
  void carriesOutAnOrderAfterTheRoundThatIsRunning() throws Exception {
    CountDownLatch inRound = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    answer =
        c -> {
          inRound.countDown();
          try {
            go.await();
          } catch (InterruptedException e) {
            throw new IllegalStateException(e);
          }
          return deferred();
        };
    send(ReversePath.of(SENDER), "\r\n", to("a@one.example"));
    inRound.await();
    QueueControl.OperationResult count =
        new QueueControl(queue).order(QueueControl.Order.DELETE, QueueFilter.all());
    assertEquals(new QueueControl.OperationResult(0, 1, 0), count);
    go.countDown();
    untilEmpty();
  }

  @Test
  void adminOperationSeesTheResultOfTheOneBefore() throws Exception {
    answer = c -> deferred();
    send(ReversePath.of(SENDER), "\r\n", to("a@one.example"));
    next();
    QueueControl control = new QueueControl(queue);
    // No wait in between: the round's own change is perhaps not committed yet, either.
    for (int i = 0; i < 5; i++) {
      assertEquals(
          1, delivered(control.order(QueueControl.Order.HOLD, QueueFilter.all())), "hold " + i);
      untilHeld();
      assertEquals(
          1,
          delivered(control.order(QueueControl.Order.RELEASE, QueueFilter.all())),
          "release " + i);
      assertEquals(
          1, delivered(control.order(QueueControl.Order.RETRY, QueueFilter.all())), "retry " + i);
    }
    assertEquals(1, delivered(control.order(QueueControl.Order.DELETE, QueueFilter.all())));
    untilEmpty();
  }

  private static int delivered(QueueControl.OperationResult count) {
    return count.recipients() + count.later();
  }

  private void untilHeld() throws Exception {
    while (spool.counts().isEmpty() || spool.counts().getFirst().state() != BatchState.HELD) {
      Thread.sleep(1);
    }
  }

  @Test
  void ordersThatWaitForOneRoundAreAllCarriedOutWhereverItLeftTheRecipients() throws Exception {
    CountDownLatch inRound = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    answer =
        c -> {
          inRound.countDown();
          try {
            go.await();
          } catch (InterruptedException e) {
            throw new IllegalStateException(e);
          }
          return deferred();
        };
    taken = Set.of("a@one.example");
    send(
        ReversePath.of(SENDER),
        "\r\n",
        to("a@one.example"),
        to("b@one.example"),
        to("c@one.example"));
    inRound.await();
    QueueControl control = new QueueControl(queue);
    for (String one : List.of("b@one.example", "c@one.example")) {
      QueueFilter only =
          new QueueFilter(
              Optional.empty(),
              Optional.empty(),
              Optional.empty(),
              Optional.of(one),
              Optional.empty(),
              Optional.empty());
      assertEquals(
          new QueueControl.OperationResult(0, 1, 0),
          control.order(QueueControl.Order.DELETE, only));
    }
    go.countDown();
    untilEmpty();
  }

  @Test
  void batchesDroppedFromMemoryAreLoadedAfterALateCommit() throws Exception {
    queue.drain(Duration.ofSeconds(1));
    CountDownLatch go = new CountDownLatch(1);
    answer =
        c -> {
          try {
            go.await();
          } catch (InterruptedException e) {
            throw new IllegalStateException(e);
          }
          return new Outcome.Delivered("mx.example", "250 ok", "may:trusted", true, false);
        };
    List<Runnable> late = new CopyOnWriteArrayList<>();
    AtomicInteger looksByHop = new AtomicInteger();
    Instant soon = Instant.now().plus(Duration.ofMinutes(5));
    // A slow disk: what sends mail away for ten minutes is committed when the test commits it.
    Spool slow =
        (Spool)
            Proxy.newProxyInstance(
                Spool.class.getClassLoader(),
                new Class<?>[] {Spool.class},
                (proxy, method, args) -> {
                  if (method.getName().equals("change")
                      && args[0] instanceof SpoolChange change
                      && change.moved().stream()
                          .anyMatch(m -> m.due() != null && m.due().isAfter(soon))) {
                    late.add(() -> spool.change(change, (CommitListener) args[1]));
                    return null;
                  }
                  try {
                    Object found = method.invoke(spool, args);
                    if (method.getName().equals("queuedFor")) {
                      looksByHop.incrementAndGet();
                    }
                    return found;
                  } catch (InvocationTargetException e) {
                    throw e.getCause();
                  }
                });
    queue = newQueue(slow);
    queue.start();
    int crowded = 10;
    int all = Scheduler.READY_PER_SENDER + crowded + 5;
    for (int i = 0; i < all; i++) {
      send(ReversePath.of(SENDER), "\r\n", to("a" + i + "@one.example"));
    }
    while (late.isEmpty()) {
      Thread.sleep(1);
    }
    go.countDown();
    while (queue.figures().ready() > 0 || queue.figures().running() > 0) {
      Thread.sleep(1);
    }
    // The scan that finds those in hand only, and takes the store for empty.
    int looked = looksByHop.get();
    queue.state.signal();
    long end = System.nanoTime() + Duration.ofSeconds(2).toNanos();
    while (looksByHop.get() == looked && System.nanoTime() < end) {
      Thread.sleep(1);
    }
    List.copyOf(late).forEach(Runnable::run);
    untilEmpty();
    assertEquals(all, seen.size());
  }

  @Test
  void holdsADamagedContentInsteadOfSendingOrDroppingIt() throws Exception {
    queue.drain(Duration.ofSeconds(1));
    QueueId id;
    try (var draft = spool.draft()) {
      draft.content().write(new byte[300_000]);
      var group =
          RecipientGroup.of(
                  List.of(to("a@one.example")),
                  MailOptions.TlsOption.UNSPECIFIED,
                  t -> new NextHop.ByMx(Domain.of("one.example")),
                  9)
              .getFirst();
      var batch =
          group
              .group()
              .stored(draft.id(), BatchState.QUEUED, java.time.Instant.now(), group.hop(), "");
      var envelope = new Envelope(ReversePath.of(SENDER), MailOptions.plain(), "o", "s", "", "", 1);
      spool.accept(
          new org.sealwax.router.spool.NewMessage(
              draft,
              java.time.Instant.now(),
              QueueRecordCodec.ENVELOPE.write(envelope),
              List.of(batch)));
      id = draft.id();
    }
    Path file = folder.resolve("spool/bodies/" + id);
    byte[] bytes = java.nio.file.Files.readAllBytes(file);
    bytes[5]++;
    java.nio.file.Files.write(file, bytes);
    queue = newQueue();
    queue.start();
    while (spool.counts().isEmpty() || spool.counts().getFirst().state() != BatchState.HELD) {
      Thread.sleep(1);
    }
    untilAtRest();
    assertEquals("damaged", spool.counts().getFirst().reason());
    assertTrue(seen.isEmpty());
    assertTrue(log.bugs.removeIf(l -> l.contains("damaged and held")));
    log.bugs.removeIf(l -> l.startsWith("bug delivery"));
  }

  /** Versions before docs/adr/0060 kept such mail under its next hop's own key. */
  @Test
  void tlsRequiredNoOfAnEarlierVersionIsScheduled() throws Exception {
    queue.drain(Duration.ofSeconds(1));
    QueueId id;
    try (var draft = spool.draft()) {
      draft.content().write("x\r\n".getBytes(StandardCharsets.UTF_8));
      NextHop hop = new NextHop.ByMx(Domain.of("one.example"));
      var group =
          RecipientGroup.of(
                  List.of(to("a@one.example")), MailOptions.TlsOption.UNSPECIFIED, t -> hop, 9)
              .getFirst();
      assertEquals(hop.key(), group.hop());
      Instant now = Instant.now();
      var batch = group.group().stored(draft.id(), BatchState.QUEUED, now, group.hop(), "");
      MailOptions optional =
          new MailOptions(
              MailOptions.BodyType.SEVEN_BIT,
              false,
              null,
              ReturnParameter.UNSPECIFIED,
              MailOptions.TlsOption.OPTIONAL);
      var envelope = new Envelope(ReversePath.of(SENDER), optional, "o", "s", "", "", 1);
      spool.accept(
          new org.sealwax.router.spool.NewMessage(
              draft, now, QueueRecordCodec.ENVELOPE.write(envelope), List.of(batch)));
      id = draft.id();
    }
    queue = newQueue();
    queue.start();
    Consignment came = next().consignment();
    assertEquals(id, came.id());
    assertEquals(MailOptions.TlsOption.OPTIONAL, came.options().tls());
    untilEmpty();
    assertEquals(0, seen.size());
  }

  @Test
  void acceptsNoMailWhileItDrains() throws Exception {
    queue.drain(Duration.ofSeconds(1));
    SpoolException e =
        org.junit.jupiter.api.Assertions.assertThrows(SpoolException.class, queue.intake()::open);
    assertEquals(SpoolException.Kind.BROKEN, e.kind());
  }
}
