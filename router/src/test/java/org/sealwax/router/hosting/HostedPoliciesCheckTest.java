package org.sealwax.router.hosting;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.cli.MachineDefaults;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.SteadyClock;
import org.sealwax.router.certs.StatusItem;
import org.sealwax.router.config.Configuration;
import org.sealwax.router.config.RouterSettings;
import org.sealwax.router.log.RecordingMailLog;
import org.sealwax.router.wiring.HostedPoliciesCheck;
import org.sealwax.router.wiring.HostedStatus;
import org.sealwax.testkit.dns.FixedResolver;
import org.sealwax.testkit.net.ManualClock;

/** What check and status say about a hosted policy. */
final class HostedPoliciesCheckTest {
  private static final Domain DOMAIN = Domain.of("example.org");
  private static final String ROW = "[[mta_sts_host]]\ndomains = [\"example.org\"]\n";

  @TempDir private Path folder = Path.of("");
  private final ManualClock machine = new ManualClock(Instant.parse("2027-03-01T12:00:00Z"));
  private final SteadyClock clock = SteadyClock.startingWith(machine);

  private RouterSettings settings(String text) {
    return assertInstanceOf(
            Configuration.ValidConfiguration.class,
            Configuration.parse(
                text,
                folder,
                "test.toml",
                new MachineDefaults(Domain.of("mx1.example.org"), folder.resolve("state"))))
        .settings();
  }

  private static FixedResolver.Builder dns(String... hosts) {
    FixedResolver.Builder dns = FixedResolver.builder();
    Stream.of(hosts).forEach(host -> dns.mx("example.org", 10, host));
    return dns;
  }

  private List<HostedPoliciesCheck.HostedFinding> check(String text, FixedResolver dns) {
    return new HostedPoliciesCheck(settings(text), dns, clock).findings();
  }

  /** The server looks up and stores, and the admin publishes. */
  private String served() throws Exception {
    try (HostedPolicies policies =
        new HostedPolicies(
            folder.resolve("state"),
            settings(ROW)::hostedDomains,
            Domain.of("mx1.example.org"),
            dns("mx1.example.org").build(),
            (domain, since, today) -> PromotionEvidence.of(List.of(), since, today),
            clock,
            RandomSource.secure(),
            new RecordingMailLog().log())) {
      policies.turn();
    }
    return HostedStateFile.read(folder.resolve("state"), DOMAIN)
        .orElseThrow()
        .record()
        .orElseThrow();
  }

  @Test
  void aPublishedPolicyHasNoFindings() throws Exception {
    String record = served();
    FixedResolver dns = dns("mx1.example.org").txt("_mta-sts.example.org", record).build();
    assertEquals(List.of(), check(ROW, dns));
  }

  @Test
  void anMxHostThatIsNotListedIsAWarning() throws Exception {
    String record = served();
    FixedResolver dns =
        dns("mx1.example.org", "mx2.example.org").txt("_mta-sts.example.org", record).build();
    List<HostedPoliciesCheck.HostedFinding> findings = check(ROW, dns);
    assertTrue(findings.getFirst().isWarning(), findings.toString());
    assertTrue(
        findings.getFirst().text().contains("mx2.example.org is an MX host that the policy"),
        findings.toString());
    assertFalse(
        Files.readString(folder.resolve("state/mta-sts/example.org.json")).contains("mx2"),
        "check writes nothing");
  }

  @Test
  void aConfiguredHostHasItsOrder() throws Exception {
    String record = served();
    FixedResolver dns = dns("mx1.example.org").txt("_mta-sts.example.org", record).build();
    List<HostedPoliciesCheck.HostedFinding> findings =
        check(ROW + "new_mx = [\"mx2.example.org\"]\n", dns);
    assertEquals(
        List.of(false, false, false),
        findings.stream().map(HostedPoliciesCheck.HostedFinding::isWarning).toList());
    assertTrue(findings.get(0).text().contains("publish the TXT record _mta-sts.example.org"));
    assertTrue(findings.get(1).text().contains("wait until 24 hours"));
    assertTrue(findings.get(2).text().contains("then add the MX record of mx2.example.org"));
  }

  @Test
  void aDomainThatIsNotHostedAnyMoreIsAWarning() throws Exception {
    String record = served();
    FixedResolver dns = dns("mx1.example.org").txt("_mta-sts.example.org", record).build();
    assertEquals(List.of(), check("", dns), "it was never announced, as far as the state shows");
    try (HostedPolicies policies =
        new HostedPolicies(
            folder.resolve("state"),
            settings(ROW)::hostedDomains,
            Domain.of("mx1.example.org"),
            dns,
            (domain, since, today) -> PromotionEvidence.of(List.of(), since, today),
            clock,
            RandomSource.secure(),
            new RecordingMailLog().log())) {
      policies.turn();
    }
    List<HostedPoliciesCheck.HostedFinding> findings = check("", dns);
    assertTrue(findings.getFirst().isWarning(), findings.toString());
    assertTrue(findings.getFirst().text().contains("serve it with mode"), findings.toString());
  }

  @Test
  void statusSaysWhichConditionIsMissing() throws Exception {
    served();
    machine.pass(Duration.ofDays(3));
    List<StatusItem> items = new HostedStatus(settings(ROW), clock).items();
    assertEquals(1, items.size());
    StatusItem item = items.getFirst();
    assertTrue(item.text().contains("serves mode testing since"), item.text());
    for (String condition :
        List.of(
            "the TXT record does not announce the policy",
            "in mode testing for 3 of 14 days",
            "0 of 14 days with signed reports",
            "0 of 2 reporters",
            "0 of 100 successful sessions",
            "no assessment yet")) {
      assertTrue(item.text().contains(condition), item.text());
      assertTrue(String.valueOf(item.values().get("missing")).contains(condition));
    }
    assertEquals("testing", item.values().get("mode"));
    assertEquals(false, item.values().get("published"));
    assertTrue(item.action().orElse("").contains("publish the TXT record"), item.toString());
  }
}
