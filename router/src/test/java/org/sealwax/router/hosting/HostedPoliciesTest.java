package org.sealwax.router.hosting;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.SteadyClock;
import org.sealwax.mail.sts.StsPolicy;
import org.sealwax.router.hosting.HostingFacts.ModeSetting;
import org.sealwax.router.hosting.PolicyPages.HostedPage;
import org.sealwax.router.log.RecordingMailLog;
import org.sealwax.testkit.dns.FixedResolver;
import org.sealwax.testkit.net.ManualClock;

/** Domains with records, files, reports and assessments. */
final class HostedPoliciesTest {
  private static final Domain DOMAIN = Domain.of("example.org");
  private static final Domain HOST = Domain.of("mta-sts.example.org");
  private static final Domain OWN = Domain.of("mx1.example.org");

  @TempDir private Path folder = Path.of("");
  private final ManualClock machine = new ManualClock(Instant.parse("2027-03-01T12:00:00Z"));
  private final SteadyClock clock = SteadyClock.startingWith(machine);
  private final RecordingMailLog log = new RecordingMailLog();
  private FixedResolver dns =
      FixedResolver.builder().mx("example.org", 10, "mx1.example.org").build();
  private List<HostedDomainRow> rows = List.of(row(ModeSetting.AUTO, DOMAIN));
  private PromotionEvidence reports = PromotionEvidence.NONE;

  private static HostedDomainRow row(ModeSetting mode, Domain... domains) {
    return new HostedDomainRow(List.of(domains), mode, List.of(), Duration.ofDays(14));
  }

  private HostedPolicies open() {
    return new HostedPolicies(
        folder,
        () -> rows,
        OWN,
        dns,
        (domain, since, today) -> reports,
        clock,
        RandomSource.secure(),
        log.log());
  }

  private HostedPolicies opened() throws InterruptedException {
    HostedPolicies policies = open();
    policies.turn();
    return policies;
  }

  private static String text(HostedPolicies policies) {
    return assertInstanceOf(HostedPage.PolicyFile.class, policies.page(HOST).orElseThrow()).text();
  }

  private HostedState stored() throws Exception {
    return HostedStateFile.read(folder, DOMAIN).orElseThrow();
  }

  private void publish() throws Exception {
    dns =
        FixedResolver.builder()
            .mx("example.org", 10, "mx1.example.org")
            .txt("_mta-sts.example.org", stored().record().orElseThrow())
            .build();
  }

  @Test
  void aPolicyIsServedAtItsHostAlone() throws Exception {
    HostedPolicies policies = opened();
    assertTrue(text(policies).contains("mx: mx1.example.org\r\n"));
    assertEquals(Optional.empty(), policies.page(DOMAIN));
    assertEquals(Optional.empty(), policies.page(Domain.of("mta-sts.other.example")));
    assertEquals(Optional.empty(), policies.page(Domain.of("mta-sts.mta-sts.example.org")));
  }

  @Test
  void theStateSurvivesARestartWithoutTheDns() throws Exception {
    String before = text(opened());
    String id = stored().policy().orElseThrow().id();
    dns = FixedResolver.builder().fails("example.org").fails("_mta-sts.example.org").build();
    machine.pass(Duration.ofHours(2));
    assertEquals(before, text(opened()));
    assertEquals(id, stored().policy().orElseThrow().id());
  }

  /** It may be from a backup, and lack hosts. */
  @Test
  void anOldStateIsNotServedBeforeALookup() throws Exception {
    String before = text(opened());
    FixedResolver answering = dns;
    dns = FixedResolver.builder().fails("example.org").fails("_mta-sts.example.org").build();
    machine.pass(Duration.ofHours(25));
    HostedPolicies silent = opened();
    assertInstanceOf(HostedPage.PolicyNotKnown.class, silent.page(HOST).orElseThrow());
    dns = answering;
    assertEquals(before, text(opened()));
  }

  @Test
  void anotherConfigurationAddsAndRemovesDomains() throws Exception {
    HostedPolicies policies = opened();
    Domain other = Domain.of("example.net");
    rows = List.of(row(ModeSetting.AUTO, other));
    policies.turn();
    assertEquals(Optional.empty(), policies.page(HOST));
    // No MX record and no such name: nothing is known.
    assertInstanceOf(
        HostedPage.PolicyNotKnown.class,
        policies.page(Domain.of("mta-sts.example.net")).orElseThrow());
    assertEquals(List.of(other), policies.states().stream().map(HostedState::domain).toList());
  }

  @Test
  void aDamagedFileIsReportedAndNotReplaced() throws Exception {
    opened().close();
    Path file = folder.resolve("mta-sts").resolve("example.org.json");
    Files.writeString(file, "{\"mode\": \"BEST\"}");
    HostedPolicies policies = opened();
    assertInstanceOf(HostedPage.PolicyNotKnown.class, policies.page(HOST).orElseThrow());
    assertTrue(log.recorded("example.org.json is damaged"), log.facts().toString());
    assertEquals("{\"mode\": \"BEST\"}", Files.readString(file));
  }

  /** What is not stored could come back with another id. */
  @Test
  void whatCannotBeStoredIsNotServed() throws Exception {
    Files.writeString(folder.resolve("mta-sts"), "not a folder");
    HostedPolicies policies = opened();
    assertInstanceOf(HostedPage.PolicyNotKnown.class, policies.page(HOST).orElseThrow());
    assertTrue(log.recorded("cannot be stored"), log.facts().toString());
  }

  @Test
  void testingBecomesEnforceWhenAllConditionsAreMet() throws Exception {
    opened();
    publish();
    HostedPolicies policies = opened();
    AtomicInteger assessed = new AtomicInteger();
    policies.assessBy(
        domain -> {
          assessed.incrementAndGet();
          return Optional.of(new DomainAssessor.DomainGrade("A", true));
        });
    policies.assess();
    reports = new PromotionEvidence(14, 2, 100, Optional.empty());
    for (int hour = 0; hour < 24 * 14 - 1; hour++) {
      machine.pass(Duration.ofHours(1));
      policies.turn();
      policies.assess();
      assertEquals(StsPolicy.Mode.TESTING, stored().mode());
    }
    assertEquals(2, assessed.get());
    machine.pass(Duration.ofHours(3));
    policies.turn();
    assertEquals(StsPolicy.Mode.ENFORCE, stored().mode());
    assertTrue(text(policies).contains("mode: enforce\r\n"));
    assertTrue(log.recorded("mode enforce"), log.facts().toString());
    reports = new PromotionEvidence(0, 0, 0, Optional.of(LocalDate.of(2027, 3, 20)));
    machine.pass(Duration.ofDays(30));
    policies.turn();
    assertEquals(StsPolicy.Mode.ENFORCE, stored().mode(), "back only by an admin");
  }

  @Test
  void aFixedModeIsNotAssessed() throws Exception {
    rows = List.of(row(ModeSetting.TESTING, DOMAIN));
    opened();
    publish();
    HostedPolicies policies = opened();
    policies.assessBy(
        domain -> {
          throw new AssertionError("assessed");
        });
    policies.assess();
    reports = new PromotionEvidence(99, 9, 999, Optional.empty());
    machine.pass(Duration.ofDays(90));
    policies.turn();
    assertEquals(StsPolicy.Mode.TESTING, stored().mode());
  }

  @Test
  void aThousandDomainsAreLookedUpAtDifferentTimes() throws Exception {
    FixedResolver.Builder records = FixedResolver.builder();
    Domain[] names =
        IntStream.range(0, HostedDomainRow.MAX_DOMAINS)
            .mapToObj(i -> Domain.of("d" + i + ".example"))
            .toArray(Domain[]::new);
    for (Domain name : names) {
      records.mx(name.name(), 10, "mx." + name);
    }
    AtomicInteger asked = new AtomicInteger();
    Resolver counted = new CountingResolver(records.build(), asked);
    rows = List.of(row(ModeSetting.AUTO, names));
    HostedPolicies policies =
        new HostedPolicies(
            folder,
            () -> rows,
            OWN,
            counted,
            (domain, since, today) -> reports,
            clock,
            RandomSource.secure(),
            log.log());
    policies.turn();
    assertEquals(names.length, asked.get());
    assertEquals(names.length, policies.states().size());
    machine.pass(Duration.ofMinutes(5));
    policies.turn();
    assertTrue(asked.get() > names.length, "some are due");
    assertNotEquals(2 * names.length, asked.get());
    long bytes = 0;
    try (var files = Files.list(folder.resolve("mta-sts"))) {
      for (Path file : files.toList()) {
        bytes += Files.size(file);
        assertTrue(Files.readString(file, StandardCharsets.UTF_8).length() < 4_096);
      }
    }
    assertTrue(bytes < 4L << 20, bytes + " bytes");
  }
}
