package org.sealwax.router.route;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.sealwax.mail.address.AddressLiteral;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.address.RecipientDelimiter;
import org.sealwax.mail.address.ReversePath;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.Scope;
import org.sealwax.mail.net.WatchedFile;
import org.sealwax.mail.smtp.EnhancedStatus;
import org.sealwax.mail.smtp.Reply;
import org.sealwax.router.log.RecordingMailLog;
import org.sealwax.router.queue.DeliveryTarget;
import org.sealwax.testkit.net.ManualClock;

final class ConfiguredDirectoryTest {
  private static final Domain LOCAL_DOMAIN = Domain.of("project.example");
  private static final Domain SECOND = Domain.of("second.example");
  private static final Domain CASED = Domain.of("cased.example");
  private static final Domain LISTED = Domain.of("listed.example");
  private static final Domain ASKED = Domain.of("asked.example");
  private static final Domain OPEN = Domain.of("open.example");
  private static final Domain SRS = Domain.of("srs.project.example");
  private static final Mailbox ADMIN = new Mailbox("admin", Domain.of("home.example"));

  private final ManualClock clock = new ManualClock(Instant.parse("2026-11-23T12:00:00Z"));
  private final RecordingMailLog log = new RecordingMailLog();
  private final List<Mailbox> asked = new ArrayList<>();
  private RecipientProbe.VerificationResult answer = new RecipientProbe.VerificationResult.Exists();
  private Path folder = Path.of("none");

  @BeforeEach
  void writeFiles(@TempDir Path temporary) throws IOException {
    folder = temporary;
    write(
        "aliases",
        """
        bugs: pipe:tracker, alice
        alice: alice@provider.example
        bob: bob@provider.example
        team: alice, bob, Alice, bob@provider.example, alice@second.example
        percent%name: bob
        ring: ring2
        ring2: ring
        half: half2, bob
        half2: half
        lost: nobody@project.example
        only@second.example: bob
        """);
    write(
        "second",
        "alice: alice@provider.example, carol@provider.example\n*: rest@provider.example\n");
    write("cased", "Bugs: bob@provider.example\n");
    write("listed", "dave\nErin@listed.example OK\n# no\nodd%one\n");
  }

  private void write(String name, String text) throws IOException {
    Files.writeString(folder.resolve(name), text);
  }

  private ForwardSettings settings(@Nullable Mailbox postmaster, boolean carry) {
    Path aliases = folder.resolve("aliases");
    return new ForwardSettings(
        List.of(
            new ForwardSettings.AliasDomain(LOCAL_DOMAIN, aliases, false),
            new ForwardSettings.AliasDomain(SECOND, folder.resolve("second"), false),
            new ForwardSettings.AliasDomain(CASED, folder.resolve("cased"), true)),
        List.of(
            new ForwardSettings.RelayDomain(LISTED, null, folder.resolve("listed"), null, false),
            new ForwardSettings.RelayDomain(
                ASKED,
                new ConfiguredHop.Host(Domain.of("inside.example"), 25),
                null,
                ForwardSettings.RecipientVerification.NEXT_HOP,
                false),
            new ForwardSettings.RelayDomain(OPEN, null, null, null, true)),
        List.of(),
        ForwardSettings.SenderRewriting.of(
            SRS, folder.resolve("srs.secret"), SrsTokenStoreTest.LIMITS.stored()),
        Set.of("tracker"),
        RecipientDelimiter.PLUS,
        carry,
        postmaster,
        Set.of("postmaster", "abuse"));
  }

  private ConfiguredDirectory directory(ForwardSettings settings) throws IOException {
    return directory(settings, new VerificationCache(null, clock, log.log()), null);
  }

  private ConfiguredDirectory directory(
      ForwardSettings settings, VerificationCache memory, @Nullable ConfiguredDirectory former)
      throws IOException {
    RecipientProbe probe =
        (recipient, hop) -> {
          asked.add(recipient);
          assertEquals("asked.example!inside.example:25", hop.key());
          return answer;
        };
    return new ConfiguredDirectory(
        settings,
        List.of(),
        probe,
        memory,
        senders(),
        clock,
        RandomSource.seeded(1),
        log.log(),
        former);
  }

  private @Nullable SrsTokenStore senders;

  private SrsTokenStore senders() throws IOException {
    SrsTokenStore open = senders;
    if (open == null) {
      open = SrsTokenStore.open(folder.resolve(SrsTokenStore.FILE), log.log());
      senders = open;
    }
    return open;
  }

  @AfterEach
  void closeSenders() {
    if (senders != null) {
      senders.close();
    }
  }

  private ConfiguredDirectory directory() throws IOException {
    return directory(settings(ADMIN, false));
  }

  private static Mailbox box(String text) {
    int at = text.lastIndexOf('@');
    return new Mailbox(text.substring(0, at), Domain.of(text.substring(at + 1)));
  }

  private static String describe(AddressResolution resolution) {
    return switch (resolution) {
      case AddressResolution.NotLocal n -> "not ours";
      case AddressResolution.UnknownRecipient u -> "unknown";
      case AddressResolution.Undeliverable u -> "unusable";
      case AddressResolution.TemporaryFailure n -> "not now";
      case AddressResolution.StoreTrouble s -> "no store";
      case AddressResolution.Relayed r -> r.listed() ? "relayed, listed" : "relayed";
      case AddressResolution.Forwarded f ->
          f.targets().stream().map(Object::toString).collect(Collectors.joining(" "));
      case AddressResolution.ReturnedBounce r -> "returned " + r.target();
    };
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      textBlock =
          """
          alias;                        alice@project.example;        alice@provider.example
          names are one in any case;    ALICE@project.example;        alice@provider.example
          pipe and nested alias;        bugs@project.example;         |tracker for bugs@project.example alice@provider.example
          extension falls back;         alice+x@project.example;      alice@provider.example
          pipe keeps the extension;     bugs+42@project.example;      |tracker for bugs+42@project.example alice@provider.example
          one mailbox once;             team@project.example;         alice@provider.example bob@provider.example carol@provider.example
          unknown;                      mallory@project.example;      unknown
          extension of nobody;          mallory+x@project.example;    unknown
          only an extension;            +x@project.example;           unknown
          RFC 5321 4.5.1;               Postmaster@project.example;   admin@home.example
          RFC 2142;                     abuse@project.example;        admin@home.example
          role before catch-all;        abuse@second.example;         admin@home.example
          catch-all;                    anybody@second.example;       rest@provider.example
          name for another domain;      only@project.example;         unknown
          case kept where asked;        Bugs@cased.example;           bob@provider.example
          case kept where asked;        bugs@cased.example;           unknown
          percent that exists;          percent%name@project.example; bob@provider.example
          percent hack;                 u%victim.example@project.example; unknown
          percent hack, catch-all;      u%victim.example@second.example;  unknown
          bang path, catch-all;         victim.example!u@second.example;  unknown
          quoted at, catch-all;         u@victim.example@second.example;  unknown
          percent after a name;         alice+%x@project.example;     unknown
          listed;                       Dave@listed.example;          relayed, listed
          listed with domain;           erin@listed.example;          relayed, listed
          listed, extension;            dave+x@listed.example;        relayed
          not listed;                   frank@listed.example;         unknown
          percent that is listed;       odd%one@listed.example;       relayed, listed
          percent hack, relay domain;   u%victim.example@listed.example; unknown
          percent hack, verified;       u%victim.example@asked.example;  unknown
          bang path, accept all;        victim.example!u@open.example;   unknown
          accept all;                   anybody@open.example;         relayed
          verified;                     anybody@asked.example;        relayed
          RFC 5321 4.5.1 relay domain;  postmaster@listed.example;    relayed
          somebody else's;              u@elsewhere.example;          not ours
          below one of ours;            u@sub.project.example;        not ours
          rewriting domain only;        u@srs.project.example;        unknown
          rewriting domain's role;      postmaster@srs.project.example; admin@home.example
          aliases in a circle;          ring@project.example;         not now
          half a circle;                half@project.example;         bob@provider.example
          leads nowhere;                lost@project.example;         not now
          """)
  void resolves(String row, String recipient, String expected) throws IOException {
    assertEquals(expected, describe(directory().resolve(box(recipient))), row);
  }

  /** Our own messages, which no client hands in. */
  @ParameterizedTest
  @CsvSource({
    "team@project.example, alice@provider.example bob@provider.example carol@provider.example",
    "postmaster@project.example, admin@home.example",
    "mallory@project.example, mallory@project.example",
    "ring@project.example, ring@project.example",
    "dave@listed.example, dave@listed.example",
    "anybody@asked.example, anybody@asked.example",
    "u@elsewhere.example, u@elsewhere.example"
  })
  void ourOwnMessagesGoToTheTargetsOfAnAlias(String address, String targets) throws IOException {
    assertEquals(
        targets,
        directory().targetsOf(box(address)).stream()
            .map(Object::toString)
            .collect(Collectors.joining(" ")));
    assertEquals(List.of(), asked, "no next hop is asked");
  }

  @Test
  void ourOwnMessagesGoToTheSenderThatWasRewritten() throws IOException {
    ConfiguredDirectory directory = directory();
    ReversePath rewritten =
        directory.senderForForward(ReversePath.of(box("u@elsewhere.example"))).path();
    assertEquals(
        List.of(new DeliveryTarget.Remote(box("u@elsewhere.example"))),
        directory.targetsOf(((ReversePath.SenderMailbox) rewritten).mailbox()));
  }

  @Test
  void leavesAddressLiteralsToOthers() throws IOException {
    Mailbox literal = new Mailbox("u", new AddressLiteral(InetAddress.ofLiteral("127.0.0.1")));
    assertEquals("not ours", describe(directory().resolve(literal)));
  }

  @Test
  void extensionIsCarriedWhenConfigured() throws IOException {
    ConfiguredDirectory directory = directory(settings(ADMIN, true));
    assertEquals(
        "alice+x@provider.example", describe(directory.resolve(box("alice+x@project.example"))));
    String fits = "+" + "x".repeat(Mailbox.MAX_LOCAL_PART - 6);
    assertEquals(
        "alice" + fits + "@provider.example",
        describe(directory.resolve(box("alice" + fits + "@project.example"))));
    assertEquals(
        "alice@provider.example",
        describe(directory.resolve(box("alice" + fits + "x@project.example"))));
  }

  @Test
  void findsThePostmasterWhereverItIs() throws IOException {
    assertEquals("admin@home.example", describe(directory().postmaster()));
    assertEquals(
        "bob@provider.example",
        describe(directory(settings(box("bob@project.example"), false)).postmaster()));
    assertEquals("not now", describe(directory(settings(null, false)).postmaster()));
    assertEquals(
        "not now",
        describe(directory(settings(null, false)).resolve(box("postmaster@project.example"))));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"postmaster@project.example", "abuse@project.example", "ring@project.example"})
  void doesNotRunInCirclesWhenThePostmasterLeadsToItself(String postmaster) throws IOException {
    ConfiguredDirectory directory = directory(settings(box(postmaster), false));
    assertEquals("not now", describe(directory.postmaster()));
    assertEquals("not now", describe(directory.resolve(box("abuse@project.example"))));
  }

  @Test
  void aliasErrorsAreReportedAtStart() throws IOException {
    List<String> troubles = directory().aliasErrors();
    assertTrue(
        troubles.stream().anyMatch(t -> t.contains("alias loop at ring")), troubles.toString());
    assertTrue(troubles.stream().anyMatch(t -> t.contains("nobody@project.example")));
  }

  @Test
  void followsAliasesToTheDepthAndNotOneFurther() throws IOException {
    String chain =
        IntStream.range(0, ConfiguredDirectory.MAX_DEPTH)
            .mapToObj(i -> "d" + i + ": d" + (i + 1) + "\n")
            .collect(Collectors.joining());
    write("aliases", chain + "d" + ConfiguredDirectory.MAX_DEPTH + ": end@provider.example\n");
    ConfiguredDirectory directory = directory();
    assertEquals("end@provider.example", describe(directory.resolve(box("d1@project.example"))));
    assertEquals("not now", describe(directory.resolve(box("d0@project.example"))));
    assertTrue(log.recorded("nested deeper than " + ConfiguredDirectory.MAX_DEPTH));
  }

  @Test
  void leadsToAsManyTargetsAsTheLimitAndNotOneMore() throws IOException {
    String most =
        IntStream.range(0, ConfiguredDirectory.MAX_TARGETS)
            .mapToObj(i -> "u" + i + "@x.example")
            .collect(Collectors.joining(","));
    write("aliases", "all: " + most + "\nmore: all, one@x.example\n");
    ConfiguredDirectory directory = directory();
    assertEquals(
        ConfiguredDirectory.MAX_TARGETS,
        assertInstanceOf(
                AddressResolution.Forwarded.class, directory.resolve(box("all@project.example")))
            .targets()
            .size());
    assertEquals("unusable", describe(directory.resolve(box("more@project.example"))));
    assertTrue(
        directory.aliasErrors().stream().anyMatch(t -> t.startsWith("more@project.example: ")),
        directory.aliasErrors().toString());
  }

  private void rest(ConfiguredDirectory directory) {
    for (int i = 0; i < 2; i++) {
      clock.pass(WatchedFile.INTERVAL);
      directory.reloadIfChanged();
    }
  }

  @Test
  void recipientsStayKnownWhileTheFileIsWritten() throws IOException {
    ConfiguredDirectory directory = directory();
    String bounce =
        directory.senderForForward(ReversePath.of(box("u@elsewhere.example"))).path().toString();
    for (String file : List.of("aliases", "listed", "srs.secret")) {
      write(file, "");
    }
    for (int i = 0; i < 4; i++) {
      assertEquals(
          "alice@provider.example", describe(directory.resolve(box("alice@project.example"))));
      assertEquals("relayed, listed", describe(directory.resolve(box("dave@listed.example"))));
      assertEquals("returned u@elsewhere.example", describe(directory.resolve(box(bounce))));
      assertEquals("not now", describe(directory.resolve(box("mallory@project.example"))));
      assertEquals("not now", describe(directory.resolve(box("frank@listed.example"))));
      assertEquals(
          "not now",
          describe(directory.resolve(box(bounce.replaceAll("=[A-Z2-7]{6}=", "=AAAAAA=")))));
      // Files that are not written to.
      assertEquals("unknown", describe(directory.resolve(box("mallory@cased.example"))));
      clock.pass(WatchedFile.INTERVAL);
    }
    assertTrue(log.recorded("warning", "the former aliases remain in force", "sealwax reload"));
    write("aliases", "mallory: m@provider.example\n");
    assertEquals("not now", describe(directory.resolve(box("mallory@project.example"))));
  }

  @Test
  void shrunkenFileIsUsedOnlyAfterReload() throws IOException {
    ConfiguredDirectory directory = directory();
    write("aliases", "carol: carol@provider.example\n");
    rest(directory);
    assertEquals(
        "alice@provider.example", describe(directory.resolve(box("alice@project.example"))));
    assertEquals("not now", describe(directory.resolve(box("carol@project.example"))));
    ConfiguredDirectory after =
        directory(settings(ADMIN, false), new VerificationCache(null, clock, log.log()), directory);
    assertEquals("unknown", describe(after.resolve(box("alice@project.example"))));
    assertEquals("carol@provider.example", describe(after.resolve(box("carol@project.example"))));
  }

  @Test
  void takesAChangedFileAndKeepsTheFormerOneWhenItIsWrong() throws IOException {
    write("aliases", "alice: alice@provider.example\n");
    ConfiguredDirectory directory = directory();
    write("aliases", "alice: moved@provider.example\n");
    rest(directory);
    assertEquals(
        "moved@provider.example", describe(directory.resolve(box("alice@project.example"))));
    assertTrue(log.recorded("configuration", "aliases reloaded"));
    write("aliases", "alice: |rm\n");
    rest(directory);
    assertEquals(
        "moved@provider.example", describe(directory.resolve(box("alice@project.example"))));
    assertTrue(log.recorded("warning", "the former aliases remain in force", "aliases:1:8:"));
  }

  @Test
  void readsAgainWhenAnIncludedListChanges() throws IOException {
    write("list", "one@x.example\n");
    write("aliases", "l: :include:list\n");
    ConfiguredDirectory directory = directory();
    rest(directory);
    assertEquals("one@x.example", describe(directory.resolve(box("l@project.example"))));
    write("list", "one@x.example\nnumber2@x.example\n");
    rest(directory);
    assertEquals(
        "one@x.example number2@x.example", describe(directory.resolve(box("l@project.example"))));
  }

  @Test
  void anIncludedListThatIsBeingWrittenLosesNoRecipient() throws IOException {
    write("list", "one@x.example\ntwo@x.example\nthree@x.example\nfour@x.example\n");
    write("aliases", "l: :include:list, own@x.example\nk: k@x.example\nm: m@x.example\n");
    ConfiguredDirectory directory = directory();
    String all = "one@x.example two@x.example three@x.example four@x.example own@x.example";
    for (String half : List.of("", "# being made\n", "one@x.example\n", "one@x.example\ntw")) {
      write("list", half);
      for (int i = 0; i < 3; i++) {
        assertEquals(all, describe(directory.resolve(box("l@project.example"))), half);
        assertEquals("not now", describe(directory.resolve(box("mallory@project.example"))));
        rest(directory);
      }
    }
    assertTrue(log.recorded("warning", "list: 3 of 4 entries are missing", "sealwax reload"));
    write("list", "one@x.example\ntwo@x.example\n");
    rest(directory);
    assertEquals(
        "one@x.example two@x.example own@x.example",
        describe(directory.resolve(box("l@project.example"))),
        "half of them may go");
    write("aliases", "l: own@x.example\nk: k@x.example\nm: m@x.example\n");
    rest(directory);
    assertEquals("own@x.example", describe(directory.resolve(box("l@project.example"))));
  }

  @Test
  void refusesToStartOnAWrongFileWithEveryFlaw() throws IOException {
    write("aliases", "a: |x\nb: |y\n");
    assertEquals(2, assertThrows(InvalidFileException.class, this::directory).flaws().size());
    assertEquals(1, ConfiguredDirectory.flaws(settings(ADMIN, false)).size());
    write("aliases", "a: b@x.example\n");
    assertEquals(List.of(), ConfiguredDirectory.flaws(settings(ADMIN, false)));
    write("listed", "ok\nx@other.example\n");
    assertThrows(InvalidFileException.class, this::directory);
  }

  @Test
  void remembersEachAnswerForItsTime() throws IOException {
    ConfiguredDirectory directory = directory();
    Mailbox mailbox = box("who@asked.example");
    assertEquals("relayed", describe(directory.resolve(mailbox)));
    clock.pass(VerificationCache.REFRESH.minusNanos(1));
    assertEquals("relayed", describe(directory.resolve(mailbox)));
    assertEquals(1, asked.size());
    clock.pass(VerificationCache.EXISTS);
    answer = refused(EnhancedStatus.of("5.1.1"));
    assertEquals("unknown", describe(directory.resolve(mailbox)));
    clock.pass(VerificationCache.REFUSED.minusNanos(1));
    assertEquals("unknown", describe(directory.resolve(mailbox)));
    assertEquals(2, asked.size());
    clock.pass(Duration.ofNanos(1));
    answer = new RecipientProbe.VerificationResult.NotKnown("down");
    assertEquals("not now", describe(directory.resolve(mailbox)));
    clock.pass(VerificationCache.NOT_KNOWN.minusNanos(1));
    answer = new RecipientProbe.VerificationResult.Exists();
    assertEquals("not now", describe(directory.resolve(mailbox)));
    clock.pass(Duration.ofNanos(1));
    assertEquals("relayed", describe(directory.resolve(mailbox)));
    assertEquals(4, asked.size());
  }

  private static RecipientProbe.VerificationResult refused(@Nullable EnhancedStatus status) {
    return new RecipientProbe.VerificationResult.Refused(new Reply(550, status, List.of("no")));
  }

  @Test
  void takesOnlyRefusalsAboutTheMailboxForUnknown() throws IOException {
    ConfiguredDirectory directory = directory();
    answer = refused(null);
    assertEquals("unknown", describe(directory.resolve(box("a@asked.example"))));
    answer = refused(EnhancedStatus.of("5.2.1"));
    assertEquals("unknown", describe(directory.resolve(box("b@asked.example"))));
    answer = refused(EnhancedStatus.of("5.7.1"));
    assertEquals("not now", describe(directory.resolve(box("c@asked.example"))));
    assertEquals("relayed", describe(directory.resolve(box("postmaster@asked.example"))));
  }

  @Test
  void concurrentVerificationsShareOneProbe() throws Exception {
    CountDownLatch inside = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    AtomicInteger count = new AtomicInteger();
    RecipientProbe probe =
        (recipient, hop) -> {
          count.incrementAndGet();
          inside.countDown();
          try {
            go.await();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
          return new RecipientProbe.VerificationResult.Exists();
        };
    VerificationCache memory = new VerificationCache(null, clock, log.log());
    var hop = new TransportTable(ForwardSettings.defaults());
    Mailbox mailbox = box("who@asked.example");
    var next = hop.nextHopFor(new org.sealwax.router.queue.DeliveryTarget.Remote(mailbox));
    try (Scope scope = new Scope("asking")) {
      List<Scope.ForkedTask<RecipientProbe.VerificationResult>> tasks = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        tasks.add(scope.fork(() -> memory.verify(mailbox, next, probe)));
      }
      inside.await();
      go.countDown();
      scope.join();
      for (var task : tasks) {
        assertEquals(new RecipientProbe.VerificationResult.Exists(), task.get());
      }
    }
    assertEquals(1, count.get());
  }

  @Test
  void probeConcurrencyIsLimited() throws Exception {
    CountDownLatch inside = new CountDownLatch(VerificationCache.MAX_PROBES);
    CountDownLatch go = new CountDownLatch(1);
    RecipientProbe probe =
        (recipient, hop) -> {
          inside.countDown();
          try {
            go.await();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
          return new RecipientProbe.VerificationResult.Exists();
        };
    VerificationCache memory = new VerificationCache(null, clock, log.log());
    var next = new org.sealwax.router.queue.NextHop.ByMx(ASKED);
    try (Scope scope = new Scope("asking")) {
      for (int i = 0; i < VerificationCache.MAX_PROBES; i++) {
        Mailbox mailbox = box("u" + i + "@asked.example");
        scope.fork(() -> memory.verify(mailbox, next, probe));
      }
      inside.await();
      Mailbox late = box("late@asked.example");
      assertInstanceOf(
          RecipientProbe.VerificationResult.NotKnown.class, memory.verify(late, next, probe));
      go.countDown();
      scope.join();
      assertEquals(
          new RecipientProbe.VerificationResult.Exists(), memory.verify(late, next, probe));
    }
  }

  @Test
  void failedProbeIsNotCached() {
    AtomicInteger count = new AtomicInteger();
    RecipientProbe probe =
        (recipient, hop) -> {
          if (count.incrementAndGet() == 1) {
            throw new IllegalStateException("a bug");
          }
          return new RecipientProbe.VerificationResult.Exists();
        };
    VerificationCache memory = new VerificationCache(null, clock, log.log());
    var next = new org.sealwax.router.queue.NextHop.ByMx(ASKED);
    Mailbox mailbox = box("who@asked.example");
    assertThrows(IllegalStateException.class, () -> memory.verify(mailbox, next, probe));
    assertEquals(
        new RecipientProbe.VerificationResult.Exists(), memory.verify(mailbox, next, probe));
  }

  private static void refreshed(VerificationCache memory) throws InterruptedException {
    while (memory.isRefreshing()) {
      Thread.sleep(1);
    }
  }

  @Test
  void refreshesVerificationsInTheBackgroundBeforeTheyExpire() throws Exception {
    VerificationCache memory = new VerificationCache(null, clock, log.log());
    var next = new org.sealwax.router.queue.NextHop.ByMx(ASKED);
    Mailbox mailbox = box("who@asked.example");
    var exists = new RecipientProbe.VerificationResult.Exists();
    RecipientProbe.VerificationResult gone = refused(EnhancedStatus.of("5.1.1"));
    assertEquals(exists, memory.verify(mailbox, next, (r, h) -> exists));
    clock.pass(VerificationCache.REFRESH);
    // The next hop is down: what is known stays, up to its time.
    assertEquals(
        exists,
        memory.verify(
            mailbox, next, (r, h) -> new RecipientProbe.VerificationResult.NotKnown("down")));
    refreshed(memory);
    assertEquals(exists, memory.verify(mailbox, next, (r, h) -> gone), "asked again at once");
    clock.pass(VerificationCache.NOT_KNOWN);
    // Up again: another full time from now.
    assertEquals(exists, memory.verify(mailbox, next, (r, h) -> exists));
    refreshed(memory);
    clock.pass(VerificationCache.EXISTS.minusNanos(1));
    assertEquals(exists, memory.verify(mailbox, next, (r, h) -> gone));
    refreshed(memory);
    assertEquals(gone, memory.verify(mailbox, next, (r, h) -> exists));
  }

  @Test
  void verifiedRecipientsSurviveARestartAndRefusedOnesDoNot() throws IOException {
    Path file = folder.resolve("recipients.verified");
    VerificationCache memory = new VerificationCache(file, clock, log.log());
    var next = new org.sealwax.router.queue.NextHop.ByMx(ASKED);
    var exists = new RecipientProbe.VerificationResult.Exists();
    RecipientProbe never = (r, h) -> new RecipientProbe.VerificationResult.NotKnown("down");
    for (String name : List.of("who", "j\u00f6rg", "odd name", "a\tb")) {
      assertEquals(exists, memory.verify(new Mailbox(name, ASKED), next, (r, h) -> exists));
    }
    memory.verify(box("gone@asked.example"), next, (r, h) -> refused(EnhancedStatus.of("5.1.1")));
    memory.save();
    clock.pass(Duration.ofDays(1));
    Files.writeString(
        file,
        """
        damaged
        \tx\t
        99999999999999999999\tx\tw@asked.example
        -9223372036854775808\tasked.example\tlong@asked.example
        """,
        java.nio.file.StandardOpenOption.APPEND);
    VerificationCache after = new VerificationCache(file, clock, log.log());
    for (String name : List.of("who", "j\u00f6rg", "odd name")) {
      assertEquals(exists, after.verify(new Mailbox(name, ASKED), next, never), name);
    }
    assertInstanceOf(
        RecipientProbe.VerificationResult.NotKnown.class,
        after.verify(box("gone@asked.example"), next, never));
    assertInstanceOf(
        RecipientProbe.VerificationResult.NotKnown.class,
        after.verify(box("long@asked.example"), next, never));
    assertInstanceOf(
        RecipientProbe.VerificationResult.NotKnown.class,
        after.verify(
            box("who@asked.example"), new org.sealwax.router.queue.NextHop.ByMx(LISTED), never),
        "another next hop");
    clock.pass(VerificationCache.EXISTS);
    VerificationCache late = new VerificationCache(file, clock, log.log());
    assertInstanceOf(
        RecipientProbe.VerificationResult.NotKnown.class,
        late.verify(box("who@asked.example"), next, never));
  }

  @Test
  void aVerifiedRecipientSurvivesAReload() throws IOException {
    VerificationCache memory = new VerificationCache(null, clock, log.log());
    ConfiguredDirectory directory = directory(settings(ADMIN, false), memory, null);
    Mailbox mailbox = box("who@asked.example");
    assertEquals("relayed", describe(directory.resolve(mailbox)));
    answer = new RecipientProbe.VerificationResult.NotKnown("down");
    ConfiguredDirectory after = directory(settings(ADMIN, false), memory, directory);
    assertEquals("relayed", describe(after.resolve(mailbox)));
    assertEquals(1, asked.size());
  }

  @Test
  void foreignSendersAreRewrittenAndBouncesReturn() throws IOException {
    ConfiguredDirectory directory = directory();
    ReversePath otherSender = ReversePath.of(box("u@elsewhere.example"));
    ReversePath rewritten = directory.senderForForward(otherSender).path();
    Mailbox address = rewritten.mailboxIfAny().orElseThrow();
    assertEquals(SRS, address.domain());
    assertEquals("returned u@elsewhere.example", describe(directory.resolve(address)));
    assertTrue(directory.isValidRewrittenSender(rewritten));
    assertFalse(directory.isValidRewrittenSender(otherSender));
    assertFalse(directory.isValidRewrittenSender(ReversePath.nullPath()));
    // Our own senders, ours rewritten, and the null sender stay as they are.
    for (ReversePath same :
        List.of(
            ReversePath.nullPath(),
            rewritten,
            ReversePath.of(box("u@project.example")),
            ReversePath.of(box("u@listed.example")))) {
      assertEquals(same, directory.senderForForward(same).path());
    }
    clock.pass(Duration.ofDays(22));
    assertEquals(
        new AddressResolution.UnknownRecipient("this SRS address has expired"),
        directory.resolve(address));
    assertEquals(
        new AddressResolution.UnknownRecipient("this SRS address is not ours"),
        directory.resolve(new Mailbox("SRS0=AAAAAA=AA=a.example=u", SRS)));
  }

  @Test
  void aBounceToATokenReturnsAndAnUnknownOneIsRefused() throws IOException {
    ConfiguredDirectory directory = directory();
    Mailbox sender = box("0102-" + "x".repeat(50) + "-%!\"@ses.example");
    ForwardSender rewritten = directory.senderForForward(ReversePath.of(sender));
    Mailbox address = rewritten.path().mailboxIfAny().orElseThrow();
    assertTrue(address.localPart().matches("SRS0=.{6}=..==.{16}"), address.toString());
    // Good hash, not stored (a lost file, a backup of an earlier time): refused permanently.
    AddressResolution unknown =
        new AddressResolution.UnknownRecipient("this SRS address is not known any more");
    assertEquals(unknown, directory.resolve(address));
    rewritten.checkRoom(null);
    assertEquals(unknown, directory.resolve(address));
    rewritten.store(null);
    rewritten.store(null);
    assertEquals("returned " + sender, describe(directory.resolve(address)));
    String lower = address.localPart().toLowerCase(Locale.ROOT);
    assertEquals(
        "returned " + sender, describe(directory.resolve(new Mailbox(lower, address.domain()))));
    assertTrue(directory.isValidRewrittenSender(rewritten.path()));
    // Under another configuration, with the same store.
    assertEquals("returned " + sender, describe(directory().resolve(address)));
    String text = address.localPart();
    String other =
        text.substring(0, 20) + (text.charAt(20) == 'A' ? 'B' : 'A') + text.substring(21);
    assertEquals(
        new AddressResolution.UnknownRecipient("this SRS address is not ours"),
        directory.resolve(new Mailbox(other, SRS)));
    senders().close();
    assertEquals("no store", describe(directory.resolve(address)));
    assertThrows(IOException.class, () -> rewritten.checkRoom(null));
    clock.pass(Duration.ofDays(22));
    assertEquals(
        new AddressResolution.UnknownRecipient("this SRS address has expired"),
        directory.resolve(address));
  }

  @Test
  void createsASecretFileReadableByTheOwnerOnly() throws IOException {
    ConfiguredDirectory first = directory();
    Path secret = folder.resolve("srs.secret");
    assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(secret)));
    ReversePath sender = ReversePath.of(box("u@elsewhere.example"));
    assertEquals(
        first.senderForForward(sender).path(), directory().senderForForward(sender).path());
    assertEquals(1, log.facts().stream().filter(f -> f.contains("created a secret")).count());
    Files.writeString(secret, "x".repeat(SrsSecretFile.MIN_LENGTH));
    directory();
    Files.writeString(secret, "x".repeat(SrsSecretFile.MIN_LENGTH - 1));
    assertThrows(IOException.class, this::directory);
    Files.writeString(secret, ("x".repeat(16) + "\n").repeat(SrsSecretFile.MAX_SECRETS));
    directory();
    Files.writeString(secret, ("x".repeat(16) + "\n").repeat(SrsSecretFile.MAX_SECRETS + 1));
    assertThrows(IOException.class, this::directory);
  }

  @Test
  void keepsSendersWithoutSrs() throws IOException {
    ConfiguredDirectory directory = directory(ForwardSettings.defaults());
    ReversePath sender = ReversePath.of(box("u@elsewhere.example"));
    assertEquals(sender, directory.senderForForward(sender).path());
    assertEquals(
        "not ours", describe(directory.resolve(box("SRS0=AAAAAA=AA=a.example=u@x.example"))));
  }
}
