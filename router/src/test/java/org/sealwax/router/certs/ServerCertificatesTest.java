package org.sealwax.router.certs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.policy.Evidence.DaneState;
import org.sealwax.mail.tls.Identity;
import org.sealwax.mail.tls.IdentitySettings;
import org.sealwax.mail.tls.verdict.CertificateName;
import org.sealwax.mail.tls.verdict.TlsaAssociation;
import org.sealwax.mail.tls.verdict.TlsaAssociations;
import org.sealwax.router.certs.PublishedNames.TlsaView;
import org.sealwax.router.log.RecordingMailLog;
import org.sealwax.testkit.net.ManualClock;
import org.sealwax.testkit.tls.TestCa;
import org.sealwax.testkit.tls.TlsaBuilder;

/**
 * Files that change under a running server and while it is down; what the DNS states about them.
 */
final class ServerCertificatesTest {
  private static final Domain HOST = Domain.of("mx.example.org");
  private static final TestCa CA = TestCa.root("Public Root");

  private static final Duration TTL = Duration.ofHours(1);

  @TempDir private Path folder = Path.of("");

  private final ManualClock clock = new ManualClock(Clock.system().now());
  private RecordingMailLog log = new RecordingMailLog();
  private PublishedNames published = new PublishedNames(List.of(HOST), List.of(), List.of());

  private static Identity pair() {
    return CA.identity(HOST.name());
  }

  private IdentitySettings.CertificatePair write(Identity pair) {
    return TestCa.write(pair, folder, "mx");
  }

  private void publish(Identity... pairs) {
    TlsaAssociation[] records =
        Stream.of(pairs)
            .map(p -> TlsaBuilder.of(3, 1, 1, p.leaf()))
            .toArray(TlsaAssociation[]::new);
    DaneState state = new DaneState.Usable(new TlsaAssociations(Set.of(records), List.of(HOST)));
    published =
        new PublishedNames(
            List.of(HOST), List.of(new TlsaView(HOST, "ns1", state, TTL)), List.of());
  }

  private void breakDns() {
    published = new PublishedNames(List.of(HOST), List.of(), List.of("ns1: timed out"));
  }

  private List<CertificateSlot> slots() {
    IdentitySettings.CertificatePair files =
        new IdentitySettings.CertificatePair(folder.resolve("mx.crt"), folder.resolve("mx.key"));
    return CertificateSlot.of(
        new IdentitySettings(files, List.of(), folder.resolve("tls"), HOST),
        clock,
        RandomSource.secure());
  }

  /** A server; another call is the server after a restart. */
  private ServerCertificates start() {
    log = new RecordingMailLog();
    return new ServerCertificates(
        slots(),
        new CertificateGuard(CA::roots),
        slot -> published,
        folder.resolve("state"),
        () -> false,
        clock,
        log.log());
  }

  private static X509Certificate shown(ServerCertificates server) {
    return server.get().forName(HOST.name()).leaf();
  }

  /** Two turns: the first sees a change, the second one reads it. */
  private static void turns(ServerCertificates server) throws InterruptedException {
    server.turn(ServerCertificates.TurnMode.TIMER);
    server.turn(ServerCertificates.TurnMode.TIMER);
  }

  private static void assertShows(Identity expected, ServerCertificates server) {
    assertEquals(expected.leaf(), shown(server));
  }

  @Test
  void renewalWithTheSameKeyLoads() throws Exception {
    Identity first = pair();
    write(first);
    publish(first);
    ServerCertificates server = start();
    turns(server);
    Identity renewed = CA.leaf(HOST.name()).keyOf(first).identity();
    write(renewed);
    server.turn(ServerCertificates.TurnMode.TIMER);
    assertShows(first, server);
    server.turn(ServerCertificates.TurnMode.TIMER);
    assertShows(renewed, server);
    assertFalse(log.recorded("certificateRefused"));
  }

  @Test
  void changedKeyWaitsForItsRecordAlsoAcrossARestart() throws Exception {
    Identity first = pair();
    Identity next = pair();
    write(first);
    publish(first);
    turns(start());
    ServerCertificates server = start();
    turns(server);
    write(next);
    turns(server);
    assertShows(first, server);
    assertTrue(log.recorded("certificateRefused", "no TLSA record of mx.example.org at ns1"));
    assertEquals(1, server.reload(slots(), false).size());
    assertEquals(1, log.facts().stream().filter(f -> f.startsWith("certificateRef")).count());

    ServerCertificates again = start();
    assertShows(first, again);
    turns(again);
    assertShows(first, again);
    assertTrue(log.recorded("certificateRefused", "--force"));

    publish(first, next);
    clock.pass(ServerCertificates.AGAIN);
    again.turn(ServerCertificates.TurnMode.TIMER);
    assertShows(first, again);
    passJudged(TTL.multipliedBy(2).plus(ServerCertificates.AGAIN), again);
    assertShows(next, again);
    ServerCertificates last = start();
    assertShows(next, last);
    turns(last);
    assertShows(next, last);
  }

  /** A sender may have the former records in its cache, which the new key does not match. */
  @Test
  void changedKeyWaitsUntilNoCacheHasTheFormerRecords() throws Exception {
    Identity first = pair();
    Identity next = pair();
    ServerCertificates server = refused(first, next);
    publish(first, next);
    passJudged(TTL.multipliedBy(2).minusSeconds(1), server);
    assertShows(first, server);
    assertEquals(1, server.reload(slots(), false).size(), "a reload loads nothing early");
    assertTrue(log.recorded("certificateRefused", "senders may have the former ones until"));
    // A server that shows the former records again: the wait begins again.
    publish(first);
    passJudged(ServerCertificates.AGAIN, server);
    publish(first, next);
    passJudged(TTL.multipliedBy(2).minusSeconds(1), server);
    assertShows(first, server);
    passJudged(ServerCertificates.AGAIN.multipliedBy(2), server);
    assertShows(next, server);
  }

  @Test
  void changedKeyDoesNotWaitForCachesWhenTheFormerOneMatchesNoMore() throws Exception {
    Identity first = pair();
    Identity next = pair();
    ServerCertificates server = refused(first, next);
    publish(next);
    passJudged(ServerCertificates.AGAIN, server);
    assertShows(next, server);
  }

  @Test
  void changedKeyDoesNotWaitForCachesWhenTheFormerCertificateEndsSoon() throws Exception {
    Identity first =
        CA.leaf(HOST.name())
            .valid(clock.now().minus(Duration.ofDays(1)), clock.now().plus(Duration.ofDays(4)))
            .identity();
    Identity next = pair();
    ServerCertificates server = refused(first, next);
    publish(first, next);
    passJudged(ServerCertificates.AGAIN, server);
    assertShows(first, server);
    clock.pass(Duration.ofDays(1));
    passJudged(ServerCertificates.AGAIN, server);
    assertShows(next, server);
  }

  /** A server whose new key has no record yet. */
  private ServerCertificates refused(Identity first, Identity next) throws Exception {
    write(first);
    publish(first);
    ServerCertificates server = start();
    turns(server);
    write(next);
    turns(server);
    assertShows(first, server);
    return server;
  }

  /** With a turn whenever the pairs are judged again. */
  private void passJudged(Duration time, ServerCertificates server) throws InterruptedException {
    Duration left = time;
    do {
      Duration step =
          left.compareTo(ServerCertificates.AGAIN) < 0 ? left : ServerCertificates.AGAIN;
      clock.pass(step);
      server.turn(ServerCertificates.TurnMode.TIMER);
      left = left.minus(step);
    } while (left.isPositive());
  }

  @Test
  void firstStartTakesTheFilesAsTheyAre() throws Exception {
    Identity first = pair();
    write(first);
    publish(pair());
    ServerCertificates server = start();
    turns(server);
    assertShows(first, server);
  }

  @Test
  void withoutDnsTheNewPairLoadsAndIsTakenBackWhenTheAnswersCome() throws Exception {
    Identity first = pair();
    Identity next = pair();
    write(first);
    publish(first);
    ServerCertificates server = start();
    turns(server);
    breakDns();
    write(next);
    turns(server);
    assertShows(next, server);
    assertTrue(log.recorded("judged again", "ns1: timed out"));

    publish(first);
    clock.pass(ServerCertificates.AGAIN);
    server.turn(ServerCertificates.TurnMode.TIMER);
    assertShows(first, server);
    assertTrue(log.recorded("certificateRefused", "no TLSA record"));
    ServerCertificates again = start();
    turns(again);
    assertShows(first, again);
  }

  @Test
  void withoutDnsAcrossARestartTheKeptPairWaitsForTheLookUpOnly() throws Exception {
    Identity first = pair();
    Identity next = pair();
    write(first);
    publish(first);
    turns(start());
    write(next);
    breakDns();
    ServerCertificates server = start();
    assertShows(first, server);
    server.turn(ServerCertificates.TurnMode.TIMER);
    assertShows(next, server);

    ServerCertificates again = start();
    publish(first, next);
    again.turn(ServerCertificates.TurnMode.TIMER);
    assertShows(next, again);
    publish(next);
    ServerCertificates last = start();
    assertShows(next, last);
  }

  @Test
  void keptPairServesWhenTheFilesAreGone() throws Exception {
    Identity first = pair();
    IdentitySettings.CertificatePair files = write(first);
    turns(start());
    Files.delete(files.certificate());
    Files.delete(files.key());
    ServerCertificates server = start();
    assertShows(first, server);
    assertTrue(log.recorded("certificateRefused", "no such file"));
    turns(server);
    assertShows(first, server);
    assertThrows(IOException.class, () -> server.reload(slots(), false));
    Identity next = pair();
    write(next);
    turns(server);
    assertShows(next, server);
  }

  @Test
  void withoutFilesAndWithoutAKeptPairItDoesNotStart() {
    IllegalStateException why = assertThrows(IllegalStateException.class, start()::prepare);
    assertTrue(String.valueOf(why.getMessage()).contains("no such file"));
  }

  @Test
  void expiredKeptPairDoesNotWaitForTheDns() throws Exception {
    Identity first = pair();
    write(first);
    turns(start());
    clock.pass(Duration.ofDays(100));
    Identity next =
        CA.leaf(HOST.name()).valid(clock.now(), clock.now().plus(Duration.ofDays(90))).identity();
    write(next);
    ServerCertificates server = start();
    assertShows(next, server);
    publish(first);
    server.turn(ServerCertificates.TurnMode.TIMER);
    assertShows(first, server);
    assertTrue(log.recorded("certificateRefused", "does less harm"));
  }

  /** A reload adds and removes names, each with the next handshake; others stay as they are. */
  @Test
  void namesOfAnotherConfigurationAreAddedAndRemoved() throws Exception {
    Identity host = pair();
    write(host);
    ServerCertificates server = start();
    turns(server);
    Domain added = Domain.of("mta-sts.project.example");
    Identity issued = CA.leaf(added.name()).identity();
    AtomicReference<@Nullable Identity> offered = new AtomicReference<>();
    PairSource source =
        new PairSource() {
          @Override
          public String name() {
            return "offered";
          }

          @Override
          public String stamp() {
            return offered.get() == null ? NONE : "1";
          }

          @Override
          public Identity read() {
            return Objects.requireNonNull(offered.get());
          }
        };
    List<CertificateSlot> more = new ArrayList<>(slots());
    more.add(new CertificateSlot(List.of(new CertificateName(added.name())), List.of(source)));
    server.use(more);
    assertEquals(host.leaf(), server.get().forName(added.name()).leaf(), "not issued yet");
    offered.set(issued);
    turns(server);
    assertEquals(issued.leaf(), server.get().forName(added.name()).leaf());
    server.use(more);
    assertEquals(issued.leaf(), server.get().forName(added.name()).leaf(), "nothing has changed");
    server.use(slots());
    assertEquals(host.leaf(), server.get().forName(added.name()).leaf());
    assertShows(host, server);
  }

  @Test
  void forceLoadsWhatTheGuardRefuses() throws Exception {
    Identity first = pair();
    Identity next = pair();
    write(first);
    publish(first);
    ServerCertificates server = start();
    turns(server);
    write(next);
    assertEquals(1, server.reload(slots(), false).size());
    assertShows(first, server);
    assertEquals(List.of(), server.reload(slots(), true));
    assertShows(next, server);
    clock.pass(ServerCertificates.AGAIN);
    turns(server);
    assertShows(next, server);
    ServerCertificates again = start();
    turns(again);
    assertShows(next, again);
  }

  /** What an admin, a crash or a mistake leaves where a pair should be. */
  @Test
  void filesThatAreNoPairLeaveTheFormerOneInForce() throws Exception {
    Identity first = pair();
    Identity next = CA.intermediate("Issuer").identity(HOST.name());
    IdentitySettings.CertificatePair files = write(next);
    String chain = Files.readString(files.certificate());
    write(first);
    ServerCertificates server = start();
    turns(server);

    List<Step> steps =
        List.of(
            new Step("does not match", () -> Files.writeString(files.certificate(), chain)),
            new Step(
                "ends inside a PEM block",
                () -> {
                  write(next);
                  Files.writeString(files.certificate(), chain.substring(0, chain.length() - 40));
                }),
            new Step(
                "is that of certificate 2; put it first",
                () -> {
                  write(next);
                  int second = chain.indexOf("-----BEGIN", 1);
                  Files.writeString(
                      files.certificate(), chain.substring(second) + chain.substring(0, second));
                }),
            new Step(
                "encrypted",
                () ->
                    Files.writeString(
                        files.key(),
                        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n"
                            + "-----END ENCRYPTED PRIVATE KEY-----\n")),
            new Step("no private key", () -> Files.writeString(files.key(), "x".repeat(1 << 20))),
            new Step(
                "larger than 1048576", () -> Files.writeString(files.key(), "x".repeat(1_048_577))),
            new Step(
                "it is a folder, not a file",
                () -> {
                  Files.delete(files.key());
                  Files.createDirectory(files.key());
                }),
            new Step(
                "not a regular file",
                () -> {
                  Files.delete(files.key());
                  new ProcessBuilder("mkfifo", files.key().toString()).start().waitFor();
                }),
            new Step("no such file", () -> Files.delete(files.key())));
    for (Step step : steps) {
      step.change().run();
      turns(server);
      assertShows(first, server);
      assertTrue(log.recorded("certificateRefused", step.reason()), step.reason());
    }
    write(next);
    turns(server);
    assertShows(next, server);
  }

  private interface Change {
    void run() throws Exception;
  }

  private record Step(String reason, Change change) {}

  /** certbot replaces one symbolic link after the other. */
  @Test
  void linksThatAreSwappedOneByOneAreReadWhenBothAre() throws Exception {
    Identity first = pair();
    Identity next = pair();
    Path one = Files.createDirectory(folder.resolve("archive1"));
    Path two = Files.createDirectory(folder.resolve("archive2"));
    TestCa.write(first, one, "mx");
    TestCa.write(next, two, "mx");
    link("mx.crt", one);
    link("mx.key", one);
    ServerCertificates server = start();
    turns(server);
    link("mx.key", two);
    server.turn(ServerCertificates.TurnMode.TIMER);
    link("mx.crt", two);
    server.turn(ServerCertificates.TurnMode.TIMER);
    assertShows(first, server);
    server.turn(ServerCertificates.TurnMode.TIMER);
    assertShows(next, server);
    assertFalse(log.recorded("certificateRefused"));
  }

  private void link(String name, Path target) throws IOException {
    Path fresh = Files.createSymbolicLink(folder.resolve("new"), target.resolve(name));
    Files.move(fresh, folder.resolve(name), StandardCopyOption.REPLACE_EXISTING);
  }

  @Test
  void keptPairIsOneFileForItsOwnerOnly() throws Exception {
    Identity first = CA.leaf(HOST.name()).curve("secp521r1").identity();
    write(first);
    Path kept = folder.resolve("state/certificates/mx.example.org.pem");
    Path unused = folder.resolve("state/certificates/former.example.org.pem");
    Files.createDirectories(kept.getParent());
    Files.writeString(unused, "key of a name that is no longer configured");
    turns(start());
    assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(kept)));
    assertEquals(
        "rwx------",
        PosixFilePermissions.toString(Files.getPosixFilePermissions(kept.getParent())));
    assertEquals(first.leaf(), Identity.read(kept, kept).leaf());
    assertFalse(Files.exists(unused));
  }

  @Test
  void failureToKeepIsReportedAndChangesNothing() throws Exception {
    Identity first = pair();
    write(first);
    Files.createDirectories(folder.resolve("state"));
    Files.writeString(folder.resolve("state/certificates"), "a file where the folder should be");
    ServerCertificates server = start();
    turns(server);
    assertShows(first, server);
    assertTrue(log.recorded("warning", "cannot be kept"));
    assertEquals(1, log.facts().stream().filter(f -> f.contains("cannot be kept")).count());
    Identity next = pair();
    write(next);
    turns(server);
    assertShows(next, server);
  }

  /** The believed time may be wrong for a while: what is published and works stays in force. */
  @Test
  void clockThatJumpsChangesNoPairThatMatches() throws Exception {
    Identity first = pair();
    Identity next = pair();
    write(first);
    publish(first);
    ServerCertificates server = start();
    turns(server);
    write(next);
    turns(server);
    assertShows(first, server);
    for (Duration jump :
        List.of(Duration.ofDays(-40), Duration.ofDays(3_000), Duration.ofDays(-3_000), SOON_OVER)) {
      clock.pass(jump);
      turns(server);
      clock.pass(jump.negated());
      turns(server);
      assertShows(first, server);
    }
    // Back, and before the time at which it was to be judged again: that is not put off.
    clock.pass(Duration.ofDays(-40));
    publish(next);
    turns(server);
    clock.pass(ServerCertificates.AGAIN);
    turns(server);
    assertShows(next, server);
  }

  private static final Duration SOON_OVER = Duration.ofDays(89);

  @Test
  void faultOfTheGuardDoesNotKeepACertificateUntilItsEnd() throws Exception {
    Identity first = pair();
    write(first);
    ServerCertificates server =
        new ServerCertificates(
            slots(),
            new CertificateGuard(
                () -> {
                  throw new IllegalStateException("no roots");
                }),
            slot -> published,
            folder.resolve("state"),
            () -> false,
            clock,
            log.log());
    turns(server);
    Identity next = pair();
    write(next);
    turns(server);
    assertShows(next, server);
    assertTrue(log.recorded("bug", "no roots"));
  }

  @Test
  void afterTheEndNothingIsRead() {
    ServerCertificates server =
        new ServerCertificates(
            slots(),
            new CertificateGuard(CA::roots),
            slot -> published,
            folder.resolve("state"),
            () -> true,
            clock,
            log.log());
    assertThrows(IllegalStateException.class, server::get);
  }

  @Test
  void sameStoreIsUsedForEveryListener() {
    write(pair());
    ServerCertificates server = start();
    assertSame(server.get(), server.get());
  }
}
