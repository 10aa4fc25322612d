package org.sealwax.router.certs.acme;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.http.HttpsUrl;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.settings.SettingsRecord;
import org.sealwax.mail.tls.Identity;
import org.sealwax.router.certs.PairSource;
import org.sealwax.router.log.MailLog;
import org.sealwax.router.store.SmallDisk;
import org.sealwax.testkit.net.ManualClock;

/** Orders, their files and their restarts, at an authority without a network. */
@Timeout(60)
final class AcmeOrdersTest {
  private static final Domain NAME = Domain.of("mx.example.org");
  private static final HttpsUrl FIRST = HttpsUrl.parse("https://first.test/dir").orElseThrow();
  private static final HttpsUrl SECOND = HttpsUrl.parse("https://second.test/dir").orElseThrow();

  @TempDir private Path folder;

  private final ManualClock clock = new ManualClock(Instant.now());
  private final BlockingQueue<String> results = new LinkedBlockingQueue<>();
  private final List<KeyPair> keys = new ArrayList<>();
  private final List<AcmeOrders> open = new ArrayList<>();
  private final LongAdder issued = new LongAdder();
  private final LongAdder failed = new LongAdder();
  private Runnable whileOrdering = () -> {};
  private String failure = "";
  private Duration lifetime = Duration.ofDays(45);
  private int windows;

  /** What a rollover has put in the place of the first pair. */
  private @Nullable RenewedPair rolled;

  private final MailLog log =
      new MailLog() {
        @Override
        public void note(String service, String text) {
          results.add(text);
        }

        @Override
        public void warning(String service, String text) {
          results.add(text);
        }

        @Override
        public void bug(String where, Throwable cause) {
          results.add(where + cause);
        }
      };

  private final CertificateAuthority authority =
      new CertificateAuthority() {
        @Override
        public synchronized List<X509Certificate> order(
            List<Domain> names,
            KeyPair key,
            Optional<X509Certificate> former,
            ProofPublisher proofs)
            throws OrderFailure {
          if (!failure.isEmpty()) {
            throw new OrderFailure(failure, Optional.empty());
          }
          keys.add(key);
          whileOrdering.run();
          return List.of(
              ScriptedAuthority.certificate(key.getPublic(), lifetime), ScriptedAuthority.ISSUER);
        }

        @Override
        public synchronized RenewalAnswer renewalWindow(X509Certificate leaf) {
          windows++;
          return new RenewalAnswer.NoWindow(Optional.empty());
        }
      };

  @AfterEach
  void close() {
    open.forEach(AcmeOrders::close);
  }

  private AcmeFiles files(HttpsUrl directory) {
    return new AcmeFiles(folder.resolve("acme"), directory, _ -> Optional.ofNullable(rolled));
  }

  private AcmeOrders orders(HttpsUrl directory) {
    AcmeOrders orders =
        new AcmeOrders(
            SettingsRecord.with(
                SettingsRecord.defaults(AcmeSettings.class, Map.of()),
                Map.of("directory", Optional.of(directory), "agreeTos", true)),
            NAME,
            List.of(NAME),
            files(directory),
            () -> authority,
            new HttpProofs(),
            clock,
            RandomSource.seeded(1),
            new AcmeOrders.OrderCounts(issued, failed),
            log);
    open.add(orders);
    return orders;
  }

  private String result() throws InterruptedException {
    String result = results.poll(30, TimeUnit.SECONDS);
    assertNotNull(result, "no result");
    return result;
  }

  private IssuedPair pair() {
    return new IssuedPair(AcmeSetup.pairFile(folder.resolve("acme"), NAME));
  }

  @Test
  void aRenewalKeepsTheKeyAndReplacesTheFile() throws Exception {
    assertEquals(PairSource.NONE, pair().stamp());
    AcmeOrders orders = orders(FIRST);
    step(orders);
    assertTrue(result().contains("certificate for mx.example.org issued: valid until "));
    Identity first = pair().read();
    String stamp = pair().stamp();

    clock.pass(Duration.ofDays(31));
    step(orders);
    assertTrue(result().contains("issued"));
    Identity second = pair().read();
    assertNotEquals(first.leaf(), second.leaf());
    assertEquals(first.pin(), second.pin());
    assertNotEquals(stamp, pair().stamp());
    assertEquals(2, issued.sum());
  }

  /** A name that a reload adds is ordered; the others keep their certificates. */
  @Test
  void namesOfAnotherConfigurationAreOrdered() throws Exception {
    AcmeOrders orders = orders(FIRST);
    step(orders);
    assertTrue(result().contains("certificate for mx.example.org issued"));
    Domain added = Domain.of("mta-sts.example.org");
    failure = "no";
    orders.use(List.of(NAME, added));
    step(orders);
    assertTrue(result().contains("no certificate for mta-sts.example.org: no"));
    assertEquals(
        List.of(NAME, added), orders.status().stream().map(AcmeOrders.OrderStatus::name).toList());
    assertEquals(1, orders.failing());
    orders.use(List.of(NAME));
    step(orders);
    assertEquals(0, orders.failing());
    assertEquals(1, issued.sum(), "the first name was not ordered again");
  }

  /** One round, to its end. */
  private static void step(AcmeOrders orders) throws InterruptedException {
    for (Thread each : orders.step()) {
      each.join();
    }
  }

  @Test
  void aFailureKeepsTheFormerPairAndSurvivesARestart() throws Exception {
    AcmeOrders orders = orders(FIRST);
    step(orders);
    assertTrue(result().contains("issued"));
    Identity first = pair().read();

    failure = "the authority is closed";
    clock.pass(Duration.ofDays(31));
    step(orders);
    assertTrue(
        result().startsWith("no certificate for mx.example.org: the authority is closed; next"));
    assertEquals(first.leaf(), pair().read().leaf());
    RenewalState state = files(FIRST).state(NAME, pair().file());
    assertEquals(1, state.failures());
    orders.close();

    AcmeOrders again = orders(FIRST);
    assertEquals(state, again.status().getFirst().state());
    assertEquals(1, again.failing());
    String line = again.summary().getFirst();
    assertTrue(line.contains("the authority is closed. The former certificate is in use"), line);
    step(again);
    assertEquals(1, failed.sum(), "a restart does not order before its time");
    clock.pass(Duration.ofMinutes(15));
    failure = "";
    step(again);
    assertTrue(result().contains("issued"));
    assertEquals(List.of(), again.summary());
  }

  @Test
  void anotherDirectoryLeadsToAnOrderForTheSameKey() throws Exception {
    AcmeOrders orders = orders(FIRST);
    step(orders);
    assertTrue(result().contains("issued"));
    AcmeOrders other = orders(SECOND);
    step(other);
    assertTrue(result().contains("issued"));
    assertEquals(keys.getFirst().getPublic(), keys.getLast().getPublic());
    step(other);
    assertEquals(2, keys.size());
  }

  @Test
  void afterARolloverOnlyTheKeyInForceIsRenewed() throws Exception {
    AcmeOrders orders = orders(FIRST);
    step(orders);
    assertTrue(result().contains("issued"));
    Identity first = pair().read();

    lifetime = Duration.ofDays(90);
    KeyPair next = NewKey.of(AcmeSettings.KeyType.ECDSA);
    Path file = Files.createDirectories(folder.resolve("next")).resolve("issued.pem");
    new IssuedPair(file).store(orders.order(NAME, next));
    assertEquals(next.getPublic(), keys.removeLast().getPublic());
    assertEquals(2, issued.sum(), "it is counted like the others");
    rolled = new RenewedPair(file, () -> Optional.of(next));
    assertEquals(
        new IssuedPair(file).read().expires(),
        orders.status().getFirst().state().issued().orElseThrow().end());

    // The renewal time of the first one comes, and then that of the next one.
    clock.pass(Duration.ofDays(31));
    step(orders);
    assertEquals(1, keys.size(), "nothing is ordered for a key that is not in force");
    clock.pass(Duration.ofDays(30));
    step(orders);
    assertTrue(result().contains("issued"));
    assertEquals(next.getPublic(), keys.getLast().getPublic());
    assertEquals(next.getPublic(), new IssuedPair(file).read().leaf().getPublicKey());
    assertEquals(first.leaf(), pair().read().leaf(), "the first one is as it was");
    orders.close();

    // After a restart, and when the certificate is lost: for the same key.
    Files.delete(file);
    AcmeOrders again = orders(FIRST);
    step(again);
    assertTrue(result().contains("issued"));
    assertEquals(next.getPublic(), new IssuedPair(file).read().leaf().getPublicKey());
  }

  @Test
  void aFolderThatCannotBeWrittenIsFoundBeforeTheOrder() throws Exception {
    Files.writeString(folder.resolve("acme"), "a file in the place of the folder");
    AcmeOrders orders = orders(FIRST);
    step(orders);
    String result = result();
    assertTrue(
        result.startsWith(
            "no certificate for mx.example.org: the files of the certificate cannot be written: "),
        result);
    assertEquals(0, keys.size());
  }

  @Test
  void aPairThatCannotBeStoredIsStoredLaterWithoutAnotherOrder() throws Exception {
    AcmeOrders orders = orders(FIRST);
    // The file cannot be replaced while a folder has its name.
    Path file = AcmeSetup.pairFile(folder.resolve("acme"), NAME);
    Files.createDirectories(file.resolve("x"));
    step(orders);
    assertTrue(result().contains("cannot be written"));
    assertEquals(1, keys.size());
    Files.delete(file.resolve("x"));
    Files.delete(file);
    clock.pass(Duration.ofMinutes(15));
    step(orders);
    assertTrue(result().contains("issued"));
    assertEquals(1, keys.size());
    assertEquals(keys.getFirst().getPublic(), pair().read().leaf().getPublicKey());
  }

  /** A disk that is full before the order, and one that fills up during the order. */
  @Test
  @Tag("process")
  void aFullDiskLeavesThePairAndIsReported(@TempDir Path temporary) throws Exception {
    try (SmallDisk disk = new SmallDisk(temporary)) {
      folder = disk.path();
      AcmeOrders orders = orders(FIRST);
      step(orders);
      assertTrue(result().contains("issued"));
      Identity first = pair().read();

      disk.fill();
      clock.pass(Duration.ofDays(31));
      step(orders);
      String full =
          "no certificate for mx.example.org: the files of the certificate cannot be written: ";
      String result = result();
      assertTrue(result.startsWith(full) && result.contains("full"), result);
      assertEquals(1, keys.size(), "nothing was ordered");
      assertEquals(first.leaf(), pair().read().leaf());

      disk.free();
      whileOrdering = disk::fill;
      while (keys.size() < 2) {
        clock.pass(Duration.ofMinutes(15));
        step(orders);
      }
      assertTrue(results.stream().anyMatch(line -> line.startsWith(full)), results.toString());
      assertEquals(first.leaf(), pair().read().leaf(), "the former one, whole");

      disk.free();
      whileOrdering = () -> {};
      results.clear();
      while (!String.valueOf(results.peek()).contains("issued")) {
        results.clear();
        clock.pass(Duration.ofMinutes(15));
        step(orders);
      }
      assertEquals(2, keys.size(), "what was issued is stored, without another order");
      assertEquals(first.pin(), pair().read().pin());
      assertNotEquals(first.leaf(), pair().read().leaf());
      orders.close();
    }
  }

  @Test
  void stateThatCannotBeReadIsAsNone() throws IOException {
    Path acme = Files.createDirectories(folder.resolve("acme"));
    AcmeFiles files = files(FIRST);
    for (String text :
        List.of("", "directory x\n", "ask x\n", "\0\0", "order 99999999999999999\n")) {
      Files.writeString(acme.resolve("mx.example.org.state"), "directory " + FIRST + "\n" + text);
      assertEquals(RenewalState.NEW, files.state(NAME, pair().file()), text);
    }
    Files.write(acme.resolve("mx.example.org.state"), new byte[100_000]);
    assertEquals(RenewalState.NEW, files.state(NAME, pair().file()));
    assertFalse(Files.exists(acme.resolve("mx.example.org.pem")));
  }

  @Test
  void theWindowIsAskedForOnceInSixHours() throws Exception {
    AcmeOrders orders = orders(FIRST);
    step(orders);
    assertTrue(result().contains("issued"));
    for (int i = 0; i < 24; i++) {
      step(orders);
      clock.pass(Duration.ofHours(1));
    }
    assertEquals(4, windows);
  }
}
