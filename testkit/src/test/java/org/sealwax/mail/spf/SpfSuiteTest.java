package org.sealwax.mail.spf;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.json.Json;
import org.sealwax.testkit.dns.FixedResolver;
import tools.jackson.databind.JsonNode;

/**
 * The test suite of openspf.org for RFC 7208, as Debian's python3-spf ships it: every case of every
 * section.
 */
final class SpfSuiteTest {
  private static final Path SUITE = Path.of("/usr/share/doc/python3-spf/rfc7208-tests.yml.gz");

  /** Cases of release 2014.05, which has not changed since. */
  private static final int CASES = 203;

  /** The documents of the YAML file, one JSON line each. */
  private static List<JsonNode> sections() throws IOException, InterruptedException {
    boolean ci = System.getenv("CI") != null;
    assumeTrue(ci || Files.isReadable(SUITE), "no python3-spf");
    Process process =
        new ProcessBuilder(
                "/usr/bin/python3",
                "-c",
                """
                import gzip, json, sys, yaml
                for section in yaml.safe_load_all(gzip.open(sys.argv[1])):
                  print(json.dumps(section))
                """,
                SUITE.toString())
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    byte[] lines = process.getInputStream().readAllBytes();
    assumeTrue(process.waitFor() == 0 || ci, "no python3-yaml");
    return new String(lines, StandardCharsets.US_ASCII).lines().map(Json::read).toList();
  }

  @Test
  void everyCaseOfTheSuiteHasItsResult() throws Exception {
    List<Executable> cases = new ArrayList<>();
    for (JsonNode section : sections()) {
      FixedResolver zones = zones(section.get("zonedata"));
      section
          .get("tests")
          .forEachEntry((name, test) -> cases.add(() -> check(name, test, new SpfCheck(zones))));
    }
    assertEquals(CASES, cases.size());
    assertAll(cases);
  }

  private static void check(String name, JsonNode test, SpfCheck check) {
    SpfRequest request =
        new SpfRequest(
            InetAddress.ofLiteral(test.get("host").asString()),
            sender(test.get("mailfrom").asString(), test.get("helo").asString()),
            test.get("helo").asString());
    SpfVerdict verdict = check.of(request);
    JsonNode wanted = test.get("result");
    List<String> results =
        wanted.isArray()
            ? wanted.valueStream().map(JsonNode::asString).toList()
            : List.of(wanted.asString());
    assertTrue(
        results.contains(verdict.result().text()),
        () -> name + ": " + verdict + " instead of " + results);
  }

  /** An address as MAIL FROM of the suite has it, also such that no server takes. */
  private static SpfSender sender(String address, String hello) {
    if (address.isEmpty()) {
      return SpfSender.of(org.sealwax.mail.address.ReversePath.nullPath(), hello);
    }
    int at = address.lastIndexOf('@');
    return new SpfSender(address.substring(0, at), Domain.parse(address.substring(at + 1)));
  }

  /**
   * The zone data of a section. {@code SPF} stands for a TXT record too unless the name has TXT
   * records or {@code TXT: NONE}; {@code TIMEOUT} is the answer to any other type.
   */
  private static FixedResolver zones(JsonNode data) {
    FixedResolver.Builder zones = FixedResolver.builder();
    data.forEachEntry((name, records) -> zone(zones, name, records));
    return zones.build();
  }

  private static void zone(FixedResolver.Builder zones, String name, JsonNode records) {
    Map<String, List<JsonNode>> byType = new HashMap<>();
    boolean timeout = false;
    for (JsonNode record : records) {
      if (record.isString()) {
        timeout = true;
      } else {
        record.forEachEntry(
            (type, value) -> byType.computeIfAbsent(type, t -> new ArrayList<>()).add(value));
      }
    }
    zones.exists(name);
    List<JsonNode> texts = byType.getOrDefault("TXT", byType.getOrDefault("SPF", List.of()));
    Set<FixedResolver.Type> open = EnumSet.allOf(FixedResolver.Type.class);
    for (JsonNode text : texts) {
      String joined =
          text.isArray()
              ? String.join("", text.valueStream().map(JsonNode::asString).toList())
              : text.asString();
      if (!joined.equals("NONE")) {
        zones.txt(name, joined);
        open.remove(FixedResolver.Type.TXT);
      }
    }
    for (String type : List.of("A", "AAAA")) {
      for (JsonNode address : byType.getOrDefault(type, List.of())) {
        zones.address(name, address.asString());
        open.remove(FixedResolver.Type.valueOf(type));
      }
    }
    for (JsonNode mx : byType.getOrDefault("MX", List.of())) {
      String host = mx.get(1).asString();
      zones.mx(name, mx.get(0).asInt(), host.isEmpty() ? "." : host);
    }
    byType.getOrDefault("PTR", List.of()).forEach(p -> zones.ptr(name, p.asString()));
    byType.getOrDefault("CNAME", List.of()).forEach(c -> zones.cname(name, c.asString()));
    if (timeout) {
      zones.fails(name, open.toArray(FixedResolver.Type[]::new));
    }
  }
}
