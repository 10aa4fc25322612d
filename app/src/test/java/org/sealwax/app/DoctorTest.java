package org.sealwax.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.lab.traps.Trap;
import org.sealwax.lab.traps.Traps;
import org.sealwax.mail.json.Json;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.tls.TlsFactory;
import org.sealwax.router.server.Router;
import tools.jackson.databind.JsonNode;

/**
 * {@code sealwax doctor} in the small internet of the demo, by its resolver and over its network.
 */
@Timeout(120)
final class DoctorTest {
  @TempDir private Path folder = Path.of("");
  private int exit;

  @BeforeEach
  void prepare() {
    TlsFactory.prepareJvm();
  }

  /** Findings of the site of the demo with these test cases of the lab as further domains. */
  private List<JsonNode> findings(List<Trap.TrapCase> cases, boolean areOurs) throws Exception {
    PrintStream nowhere =
        new PrintStream(OutputStream.nullOutputStream(), true, StandardCharsets.UTF_8);
    RandomSource random = RandomSource.secure();
    try (DemoEnvironment stage = DemoEnvironment.open(cases, Clock.system(), random, nowhere)) {
      stage.write(folder);
      Files.writeString(folder.resolve("aliases"), "bugs: a@elsewhere.example\n");
      StringBuilder configuration = new StringBuilder(stage.configuration());
      List<String> domains = new ArrayList<>(List.of(DemoEnvironment.HOME.name()));
      if (areOurs) {
        cases.forEach(c -> domains.add(c.label() + "." + stage.token().zone()));
      }
      domains.forEach(
          domain ->
              configuration.append(
                  "[[alias_domain]]\ndomain = \"" + domain + "\"\nfile = \"aliases\"\n"));
      Path file = Files.writeString(folder.resolve("sealwax.toml"), configuration);
      try (Router router = stage.router(folder, Clock.system(), random, new DemoLog())) {
        assertEquals(1, router.addresses().size());
        CommandLineRun run = new CommandLineRun(folder);
        exit =
            run.run(
                List.of(
                    "doctor",
                    "--config",
                    file.toString(),
                    "--json",
                    "--address",
                    stage.routerDomain().address().getHostAddress(),
                    "--reach",
                    DemoEnvironment.HOME.name()));
        List<JsonNode> findings = new ArrayList<>();
        Json.read(run.out()).path("findings").forEach(findings::add);
        assertFalse(findings.isEmpty(), run.err());
        return findings;
      }
    }
  }

  private static Trap.TrapCase trapCase(String label) {
    return Traps.find(label).orElseThrow();
  }

  @Test
  void theSiteOfTheDemoIsInOrder() throws Exception {
    Set<String> checked = new TreeSet<>();
    List<String> wrong = new ArrayList<>();
    for (JsonNode finding : findings(List.of(trapCase("a1")), false)) {
      checked.add(finding.path("check").asString());
      boolean isGood = Set.of("ok", "note").contains(finding.path("verdict").asString());
      // Whether something corrects the clock is a matter of this machine.
      if (!isGood && !finding.path("check").asString().equals("clock")) {
        wrong.add(finding.toString());
      }
    }
    assertEquals(List.of(), wrong);
    assertTrue(exit <= 1);
    assertTrue(
        checked.containsAll(
            Set.of(
                "resolver",
                "clock",
                "ehlo",
                "ptr",
                "certificate",
                "spf",
                "dkim",
                "dmarc",
                "alignment",
                "mx",
                "outbound",
                "receiving")),
        checked.toString());
  }

  /** A domain with a wrong record, the check that names it, and a part of what fixes it. */
  private record BrokenDomain(String label, String check, String fix) {
    boolean isNamed(JsonNode finding) {
      return finding.path("subject").asString().startsWith(label + ".")
          && finding.path("check").asString().equals(check)
          && Set.of("error", "warning").contains(finding.path("verdict").asString())
          && !finding.path("fix").isEmpty()
          && finding.path("fix").toString().contains(fix);
    }
  }

  /** Test cases of the lab as domains of the site: TLSA, MTA-STS, DNSSEC and MX. */
  @Test
  @Tag("slow")
  void brokenRecordsOfDomainsAreNamedWithTheirFix() throws Exception {
    List<BrokenDomain> broken =
        List.of(
            new BrokenDomain("a1", "dnssec", "Sign the domain's zone"),
            new BrokenDomain("a1", "dane.present", "_25._tcp.mx.a1"),
            new BrokenDomain("e3", "dane.match", "IN TLSA 3 1 1"),
            new BrokenDomain("e9", "dane.present", "IN TLSA 3 1 1"),
            new BrokenDomain("e13", "dane.present", "IN TLSA 3 1 1"),
            new BrokenDomain("e14", "dane.denial", ""),
            new BrokenDomain("e18", "dnssec", "Sign"),
            new BrokenDomain("f3", "sts.consistency", "mx: mx.f3"),
            new BrokenDomain("f8a", "sts.policy", ""),
            new BrokenDomain("f10a", "sts.policy", ""),
            new BrokenDomain("f14", "sts.policy", "_mta-sts.f14"),
            new BrokenDomain("h1", "mx", "MX 10 mx.sender.example."));
    List<JsonNode> findings =
        findings(
            broken.stream().map(BrokenDomain::label).distinct().map(DoctorTest::trapCase).toList(),
            true);
    for (BrokenDomain one : broken) {
      assertTrue(findings.stream().anyMatch(one::isNamed), one + " in " + findings);
    }
    assertEquals(2, exit);
    long unreachable =
        findings.stream()
            .filter(f -> f.path("text").asString().contains("there is no address to examine"))
            .count();
    assertEquals(1, unreachable, "one finding for all checks that need an address");
  }
}
