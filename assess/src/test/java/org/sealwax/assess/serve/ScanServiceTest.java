package org.sealwax.assess.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.assess.model.SampleReports;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.testkit.dns.FixedResolver;

/** Queue, limits, approval and storage of the service. */
@Timeout(120)
final class ScanServiceTest {
  @TempDir Path folder = Path.of(".");

  private TestScanService open() throws IOException {
    return new TestScanService(folder, TestScanService.zones().build(), TestScanService.settings());
  }

  private static ScanService.ScanRequestResult ask(TestScanService test, int number, int client) {
    return test.service.request(TestScanService.domain(number), TestScanService.client(client));
  }

  private static void assertAccepted(TestScanService test, int number, int client) {
    assertInstanceOf(ScanService.ScanRequestResult.SeePage.class, ask(test, number, client));
  }

  private static ScanService.ScanRequestResult.TooMany refused(
      TestScanService test, int number, int client) {
    return assertInstanceOf(ScanService.ScanRequestResult.TooMany.class, ask(test, number, client));
  }

  @Test
  void scansWaitInOrderAndAResultIsKept() throws Exception {
    try (TestScanService test = open()) {
      for (int i = 0; i < 4; i++) {
        assertAccepted(test, i, i);
        test.begun(Math.min(i + 1, 2));
      }
      assertEquals(
          new ScanService.DomainState.Runs(), test.service.state(TestScanService.domain(0)));
      assertEquals(
          new ScanService.DomainState.Waits(1, 2), test.service.state(TestScanService.domain(2)));
      assertEquals(
          new ScanService.DomainState.Waits(2, 2), test.service.state(TestScanService.domain(3)));
      test.settle();
      assertEquals(4, test.begun.size());
      assertEquals(2, test.mostTogether.get());
      assertInstanceOf(
          ScanService.DomainState.HasResult.class, test.service.state(TestScanService.domain(3)));
    }
  }

  /** One target by many: one scan, and again only when the result is an hour old. */
  @Test
  void manyClientsWhoAskForOneDomainCauseOneScan() throws Exception {
    try (TestScanService test = open()) {
      for (int client = 0; client < 200; client++) {
        assertAccepted(test, 7, client);
      }
      test.settle();
      for (int client = 0; client < 200; client++) {
        assertAccepted(test, 7, client);
      }
      assertEquals(1, test.begun.size());
      test.clock.pass(Duration.ofMinutes(59));
      assertAccepted(test, 7, 1);
      assertEquals(1, test.begun.size());
      test.clock.pass(Duration.ofMinutes(2));
      assertAccepted(test, 7, 1);
      test.begun(2);
      test.settle();
    }
  }

  @Test
  void aClientHasFewScansAtATimeAndInAnHour() throws Exception {
    try (TestScanService test = open()) {
      assertAccepted(test, 0, 1);
      assertAccepted(test, 1, 1);
      assertFalse(refused(test, 2, 1).forAll());
      assertAccepted(test, 1, 1);
      test.settle();
      assertAccepted(test, 2, 1);
      assertAccepted(test, 3, 1);
      test.settle();
      assertTrue(refused(test, 4, 1).reason().contains("within an hour"));
      // Another address of the network is the same client, another network is not.
      assertInstanceOf(
          ScanService.ScanRequestResult.TooMany.class,
          test.service.request(TestScanService.domain(4), InetAddress.ofLiteral("193.0.1.200")));
      assertAccepted(test, 4, 2);
      test.clock.pass(Duration.ofMinutes(16));
      assertAccepted(test, 5, 1);
      test.settle();
    }
  }

  @Test
  void theQueueIsBounded() throws Exception {
    try (TestScanService test = open()) {
      for (int i = 0; i < 7; i++) {
        assertAccepted(test, i, i);
        test.begun(Math.min(i + 1, 2));
      }
      for (int i = 7; i < 50; i++) {
        assertTrue(refused(test, i, i).forAll());
      }
      assertEquals(5, test.service.waiting());
      test.settle();
    }
  }

  /** A domain of the attacker may name the hosts of others: they are visited a few times only. */
  @Test
  void oneHostIsVisitedAFewTimesInAnHourWhateverTheDomainsAre() throws Exception {
    FixedResolver.Builder zones = FixedResolver.builder().address("mx.victim.org", "198.41.0.9");
    for (int i = 0; i < 50; i++) {
      zones.mx("d" + i + ".example.org", 10, "mx.victim.org");
    }
    try (TestScanService test =
        new TestScanService(folder, zones.build(), TestScanService.settings())) {
      for (int i = 0; i < 6; i++) {
        assertAccepted(test, i, i);
        test.settle();
      }
      assertEquals(3, test.begun.size());
      ScanService.DomainState.Declined declined =
          assertInstanceOf(
              ScanService.DomainState.Declined.class,
              test.service.state(TestScanService.domain(5)));
      assertTrue(declined.reason().contains("3 times within an hour"), declined.reason());
      test.clock.pass(Duration.ofMinutes(21));
      assertAccepted(test, 6, 6);
      test.settle();
      assertEquals(4, test.begun.size());
    }
  }

  @Test
  void aRestartKeepsTheResultsAndForgetsTheQueue() throws Exception {
    try (TestScanService test = open()) {
      assertAccepted(test, 0, 1);
      test.settle();
      assertAccepted(test, 1, 1);
    }
    Files.writeString(folder.resolve("x.result.new"), "half a result");
    try (TestScanService test = open()) {
      assertInstanceOf(
          ScanService.DomainState.HasResult.class, test.service.state(TestScanService.domain(0)));
      assertEquals(
          new ScanService.DomainState.Unknown(), test.service.state(TestScanService.domain(1)));
      assertAccepted(test, 0, 1);
      assertEquals(0, test.service.waiting());
      assertTrue(test.get("/d/d0.example.org").contains("<h1>good.example</h1>"));
    }
    try (Stream<Path> files = Files.list(folder)) {
      assertEquals(1, files.count(), "only results are stored");
    }
  }

  @Test
  void aFaultOfOursEndsOneScanOnly() throws Exception {
    try (TestScanService test = open()) {
      test.fault = new IllegalStateException("a fault");
      assertAccepted(test, 0, 1);
      test.settle();
      assertInstanceOf(
          ScanService.DomainState.Declined.class, test.service.state(TestScanService.domain(0)));
      test.fault = null;
      for (int i = 1; i < 4; i++) {
        assertAccepted(test, i, i);
        test.settle();
        assertInstanceOf(
            ScanService.DomainState.HasResult.class, test.service.state(TestScanService.domain(i)));
      }
    }
  }

  @Test
  void aSecondScanSaysWhatChanged() throws Exception {
    try (TestScanService test = open()) {
      test.report = SampleReports.bad();
      assertAccepted(test, 0, 1);
      test.settle();
      assertFalse(test.get("/d/d0.example.org").contains("Compared with the report of"));
      test.clock.pass(Duration.ofHours(2));
      test.report = SampleReports.good();
      assertAccepted(test, 0, 1);
      test.settle();
      assertTrue(test.get("/d/d0.example.org").contains("<h3>Better</h3>"));
    }
  }

  private static String declined(FixedResolver zones, OptOut list, String domain)
      throws InterruptedException {
    return switch (new TargetApproval(zones, RandomSource.seeded(1), () -> list)
        .of(Domain.of(domain))) {
      case TargetApproval.ApprovalResult.ScanDeclined(String reason, boolean byOwner) ->
          (byOwner ? "owner: " : "") + reason;
      case TargetApproval.ApprovalResult.ScanApproved(Set<InetAddress> addresses) ->
          "approved " + addresses.stream().map(InetAddress::getHostAddress).sorted().toList();
    };
  }

  @Test
  void onlyPublicAddressesOfMxRecordsAreApproved() throws Exception {
    FixedResolver.Builder zones =
        FixedResolver.builder()
            .mx("good.org", 10, "mx.good.org")
            .address("mx.good.org", "198.41.0.4")
            .address("mx.good.org", "2001:500:2::c")
            .address("implicit.org", "198.41.0.5")
            .mx("null.org", 0, ".")
            .mx("mixed.org", 10, "mx.mixed.org")
            .address("mx.mixed.org", "198.41.0.6")
            .address("mx.mixed.org", "127.0.0.1")
            .fails("broken.org")
            .bogus("bogus.org");
    List<String> inner =
        List.of(
            "127.0.0.1",
            "10.0.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "::1",
            "fd00::1",
            "::ffff:127.0.0.1",
            "64:ff9b::7f00:1",
            "100.64.0.1",
            "224.0.0.1",
            "fe80::1");
    for (int i = 0; i < inner.size(); i++) {
      zones.mx("in" + i + ".org", 10, "mx.in" + i + ".org");
      zones.address("mx.in" + i + ".org", inner.get(i));
    }
    for (int i = 0; i <= TargetApproval.MAX_ADDRESSES; i++) {
      zones.mx("many.org", i, "mx" + i % 20 + ".many.org");
      zones.address("mx" + i % 20 + ".many.org", "198.41.1." + i);
    }
    FixedResolver all = zones.build();
    OptOut none = OptOut.none();
    assertEquals("approved [198.41.0.4, 2001:500:2:0:0:0:0:c]", declined(all, none, "good.org"));
    assertEquals("approved [198.41.0.6]", declined(all, none, "mixed.org"));
    assertEquals("approved []", declined(all, none, "null.org"));
    assertEquals("approved []", declined(all, none, "bogus.org"));
    assertTrue(declined(all, none, "implicit.org").contains("no MX record"));
    assertTrue(declined(all, none, "absent.org").contains("does not exist"));
    assertTrue(declined(all, none, "broken.org").contains("did not answer"));
    assertTrue(declined(all, none, "many.org").contains("more than 40 addresses"));
    for (int i = 0; i < inner.size(); i++) {
      assertTrue(declined(all, none, "in" + i + ".org").contains("no public address"), "" + i);
    }
  }

  @Test
  void ownersOptOutByRecordOrByList() throws Exception {
    FixedResolver.Builder zones =
        FixedResolver.builder()
            .mx("a.co.uk", 10, "mx.provider.net")
            .mx("sub.a.co.uk", 10, "mx.provider.net")
            .mx("other.org", 10, "mx.other.org")
            .address("mx.other.org", "198.41.0.7")
            .address("mx.provider.net", "198.41.0.8");
    FixedResolver open = zones.build();
    OptOut none = OptOut.none();
    assertEquals("approved [198.41.0.8]", declined(open, none, "sub.a.co.uk"));
    record Row(String record, String domain) {}
    for (Row row :
        List.of(
            new Row("_sealwax-assess.sub.a.co.uk", "sub.a.co.uk"),
            new Row("_sealwax-assess.a.co.uk", "sub.a.co.uk"),
            new Row("_sealwax-assess.mx.provider.net", "a.co.uk"),
            new Row("_sealwax-assess.provider.net", "a.co.uk"))) {
      FixedResolver with = zones.build().toBuilder().txt(row.record(), " Scan=NO ").build();
      assertTrue(declined(with, none, row.domain()).startsWith("owner: "), row.toString());
      assertFalse(declined(with, none, "other.org").startsWith("owner: "));
    }
    FixedResolver other = zones.build().toBuilder().txt("_sealwax-assess.a.co.uk", "x").build();
    assertEquals("approved [198.41.0.8]", declined(other, none, "a.co.uk"));
    // What cannot be looked up is not known to be allowed.
    FixedResolver silent = zones.build().toBuilder().fails("_sealwax-assess.a.co.uk").build();
    assertTrue(declined(silent, none, "a.co.uk").contains("did not answer"));
    OptOut list =
        OptOut.read(List.of("# who asked", "", "a.co.uk # by mail", "198.41.0.7", "2001:db8::/32"));
    assertTrue(declined(open, list, "sub.a.co.uk").startsWith("owner: "));
    assertTrue(declined(open, list, "other.org").startsWith("owner: "), "its address");
    assertTrue(
        declined(open, OptOut.read(List.of("provider.net")), "a.co.uk").startsWith("owner: "));
    assertEquals("approved [198.41.0.8]", declined(open, OptOut.read(List.of("uk.a")), "a.co.uk"));
    assertThrows(IllegalArgumentException.class, () -> OptOut.read(List.of("a b")));
  }

  @Test
  void anOptOutDeletesWhatIsStored() throws Exception {
    try (TestScanService test = open()) {
      assertAccepted(test, 0, 1);
      test.settle();
      test.list = OptOut.read(List.of("d0.example.org"));
      assertFalse(test.get("/d/d0.example.org").contains("<h1>good.example</h1>"), "at once");
    }
    FixedResolver objecting =
        TestScanService.zones().txt("_sealwax-assess.d0.example.org", "scan=no").build();
    try (TestScanService test =
        new TestScanService(folder, objecting, TestScanService.settings())) {
      assertEquals(1, test.service.store().count());
      test.clock.pass(Duration.ofHours(2));
      assertAccepted(test, 0, 1);
      test.settle();
      assertEquals(0, test.service.store().count());
      assertTrue(test.get("/d/d0.example.org").contains("has opted out of scans"));
      assertEquals(List.of(), test.begun);
    }
  }

  private static boolean dials(ApprovedDialer dialer, String address, int port) {
    try {
      dialer
          .connect(
              new InetSocketAddress(InetAddress.ofLiteral(address), port),
              null,
              Duration.ofSeconds(1))
          .close();
      return true;
    } catch (IOException e) {
      return String.valueOf(e.getMessage()).equals("refused");
    }
  }

  /** DNS rebinding: what a name became after the approval does not matter. */
  @Test
  void theDialerReachesApprovedAddressesAtTheirPortsOnly() {
    ApprovedDialer dialer = new ApprovedDialer(TestScanService.refusing());
    assertFalse(dials(dialer, "198.41.0.4", 25), "nothing is approved");
    ApprovedDialer.VisitApproval first =
        dialer.approve(Set.of(InetAddress.ofLiteral("198.41.0.4")));
    ApprovedDialer.VisitApproval second =
        dialer.approve(
            Set.of(InetAddress.ofLiteral("198.41.0.4"), InetAddress.ofLiteral("127.0.0.1")));
    assertTrue(dials(dialer, "198.41.0.4", 25));
    assertFalse(dials(dialer, "198.41.0.5", 25), "another address");
    assertFalse(dials(dialer, "127.0.0.1", 25), "never, approved or not");
    for (int port : List.of(22, 587, 465, 6379, 8080, 2525)) {
      assertFalse(dials(dialer, "198.41.0.4", port));
    }
    first.close();
    assertTrue(dials(dialer, "198.41.0.4", 25), "the other scan goes on");
    second.close();
    assertFalse(dials(dialer, "198.41.0.4", 25));
    assertTrue(dials(dialer, "198.41.0.9", 443), "policies and reports");
    for (String inner : List.of("127.0.0.1", "10.0.0.1", "169.254.169.254", "::1")) {
      assertFalse(dials(dialer, inner, 443), inner);
      assertFalse(dials(dialer, inner, 80), inner);
    }
  }

  /** A visitor who is slow to read gets the result that was there when the request came. */
  @Test
  void aResultThatIsReplacedOrDeletedIsReadToItsEnd() throws Exception {
    try (TestScanService test = open()) {
      ResultStore store = ResultStore.open(folder, 10 << 20);
      String page = "p".repeat(100_000) + "\n" + "é".repeat(20_000);
      String json = "{\"a\":\"" + "j".repeat(50_000) + "\"}";
      Domain domain = TestScanService.domain(1);
      assertTrue(store.put(domain, test.clock.now(), ResultStore.content(json, page)));
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      try (StoredResult result = store.find(domain).orElseThrow();
          StoredResult second = store.find(domain).orElseThrow()) {
        assertTrue(store.put(domain, test.clock.now(), ResultStore.content("{}", "other")));
        assertEquals(json, result.json());
        result.page().writeTo(out);
        assertEquals(page, out.toString(StandardCharsets.UTF_8));
        assertEquals(out.size(), result.page().length());
        store.delete(domain);
        out.reset();
        second.report("{\"state\":\"done\"}").writeTo(out);
        assertEquals(
            "{\"state\":\"done\",\"report\":" + json + "}\n", out.toString(StandardCharsets.UTF_8));
        assertEquals(out.size(), second.report("{\"state\":\"done\"}").length());
      }
      assertTrue(store.find(domain).isEmpty());
    }
  }

  /** So many tiny results that their number, and not their bytes, is what uses the limit up. */
  @Test
  void aResultCountsAsSixteenKilobytesAtLeast() throws Exception {
    try (TestScanService clock = open()) {
      ResultStore store = ResultStore.open(folder, 10 * ResultStore.LEAST);
      for (int i = 0; i < 11; i++) {
        clock.clock.pass(Duration.ofMinutes(1));
        assertTrue(
            store.put(TestScanService.domain(i), clock.clock.now(), ResultStore.content("{}", "")));
      }
      assertEquals(10, store.count());
      assertTrue(store.time(TestScanService.domain(0)).isEmpty());
      // A smaller limit holds at once, and not with the next result.
      ResultStore smaller = ResultStore.open(folder, 3 * ResultStore.LEAST);
      assertEquals(3, smaller.count());
      assertTrue(smaller.time(TestScanService.domain(10)).isPresent());
      assertTrue(smaller.time(TestScanService.domain(7)).isEmpty());
    }
  }

  @Test
  void theDiskIsBoundedAndTheOldestGoFirst() throws Exception {
    ResultStore store = ResultStore.open(folder, 100_000);
    String page = "x".repeat(20_000);
    TestScanService clock = open();
    try (clock) {
      for (int i = 0; i < 30; i++) {
        clock.clock.pass(Duration.ofMinutes(1));
        assertTrue(
            store.put(
                TestScanService.domain(i), clock.clock.now(), ResultStore.content("{}", page)));
        assertTrue(store.bytes() <= 100_000);
      }
    }
    assertEquals(4, store.count());
    assertTrue(store.time(TestScanService.domain(29)).isPresent());
    assertTrue(store.time(TestScanService.domain(25)).isEmpty());
    assertEquals(4, ResultStore.open(folder, 100_000).count());
    assertFalse(
        store.put(
            TestScanService.domain(1),
            clock.clock.now(),
            ResultStore.content("{}", "x".repeat(ResultStore.MAX_RESULT))));
  }

  @Test
  void clientsAndReasonsAreCountedInBoundedMemory() throws Exception {
    try (TestScanService test = open()) {
      List<Domain> absent = new ArrayList<>();
      for (int i = 0; i < 3_000; i++) {
        Domain domain = Domain.of("absent" + i + ".example.org");
        absent.add(domain);
        test.service.request(
            domain,
            InetAddress.getByAddress(new byte[] {(byte) 193, (byte) (i >> 8), (byte) i, 1}));
        if (i % 5 == 4) {
          test.settle();
        }
      }
      long known =
          absent.stream()
              .filter(d -> test.service.state(d) instanceof ScanService.DomainState.Declined)
              .count();
      assertTrue(known <= ScanService.MAX_DECLINED, "" + known);
      assertEquals(List.of(), test.begun);
    }
  }
}
