package org.sealwax.mail.dns.validate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.sealwax.mail.dns.DnssecStatus;
import org.sealwax.mail.dns.validate.ValidatedAnswer.AnswerContent;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;

/**
 * Plays the scripted cases of the Unbound project ({@code val_*.rpl}) through our validator, with a
 * plain iterative resolver in between. The files are not part of this project: they are looked for
 * in {@code ../shared/rpl}, in {@code ../../shared/rpl}, or where {@code -Dsealwax.rpl=DIR} states.
 */
final class UnboundReplayTest {
  private static final String CACHED =
      "Unbound answers from its cache of sets or denials; the script has no message for it";
  private static final String NEVER_QUERIED = "a type that mail never asks for";
  private static final String ALIAS_ONLY =
      "asked for the CNAME itself: we stop there, Unbound adds the RCODE of its target";
  private static final String DENIED_ANCHOR =
      "an anchor whose zone its parent denies: Unbound goes on with the parent, we defer";

  /** The checks that differ, and why that is right or harmless. Nowhere do we believe more. */
  private static final Map<String, String> DIFFERENT =
      new TreeMap<>(
          Map.ofEntries(
              Map.entry("val_anchor_nx.rpl 10", DENIED_ANCHOR),
              Map.entry("val_anchor_nx_nosig.rpl 10", DENIED_ANCHOR),
              Map.entry("val_cnameqtype.rpl 130", ALIAS_ONLY),
              Map.entry("val_cnameqtype.rpl 190", ALIAS_ONLY),
              Map.entry("val_cnameqtype_qmin.rpl 130", ALIAS_ONLY),
              Map.entry("val_cnameqtype_qmin.rpl 190", ALIAS_ONLY),
              Map.entry(
                  "val_cnametooptout.rpl 10",
                  "a referral for the alias's target is no denial of it; RFC 2308 2.2"),
              Map.entry("val_dname_twice.rpl 130", CACHED),
              Map.entry("val_dnameqtype.rpl 170", CACHED),
              Map.entry("val_dnameqtype.rpl 210", CACHED),
              Map.entry("val_dnameqtype_qmin.rpl 170", CACHED),
              Map.entry("val_dnameqtype_qmin.rpl 210", CACHED),
              Map.entry("val_dnametoolong.rpl 10", "YXDOMAIN is no answer for mail: we defer"),
              Map.entry(
                  "val_faildnskey_ok.rpl 10",
                  "tests harden-dnssec-stripped: no, which we do not offer"),
              Map.entry("val_negcache_nodata.rpl 30", CACHED),
              Map.entry("val_negcache_nodata.rpl 70", CACHED),
              Map.entry("val_negcache_nxdomain.rpl 30", CACHED),
              Map.entry("val_negcache_ttl.rpl 12", CACHED),
              Map.entry("val_negcache_ttl.rpl 120", CACHED),
              Map.entry("val_negcache_ttl_prefetch.rpl 12", CACHED),
              Map.entry("val_nsec3_wcany.rpl 10", NEVER_QUERIED),
              Map.entry("val_refer_unsignadd.rpl 12", CACHED),
              Map.entry("val_referd.rpl 6", CACHED),
              Map.entry("val_referglue.rpl 6", CACHED),
              Map.entry("val_rrsig.rpl 10", NEVER_QUERIED),
              Map.entry(
                  "val_ta_algo_missing.rpl 10",
                  "tests harden-algo-downgrade; RFC 6840 5.11 accepts one valid path"),
              Map.entry("val_ta_algo_missing.rpl 12", "as step 10")));

  private static Path folder() {
    String output = System.getProperty("sealwax.rpl", "");
    for (String candidate : List.of(output, "../shared/rpl", "../../shared/rpl")) {
      if (!candidate.isEmpty() && Files.isDirectory(Path.of(candidate))) {
        return Path.of(candidate);
      }
    }
    return Path.of("");
  }

  @Test
  void agreesWithUnboundsReplayFilesButForTheListedOnes() throws IOException {
    Path folder = folder();
    assumeTrue(!folder.toString().isEmpty(), "not run: no folder ../shared/rpl");
    List<Path> files;
    try (Stream<Path> all = Files.list(folder)) {
      files = all.filter(f -> f.getFileName().toString().matches("val_.*\\.rpl")).sorted().toList();
    }
    assertEquals(157, files.size());
    Map<String, String> different = new TreeMap<>();
    int checks = 0;
    for (Path file : files) {
      checks += play(UnboundReplay.of(file), different);
    }
    assertEquals(257, checks);
    different.forEach(
        (where, what) ->
            System.out.println(where + ": " + what + ": " + DIFFERENT.getOrDefault(where, "?")));
    System.out.println(checks - different.size() + " of " + checks + " checks agree");
    assertEquals(DIFFERENT.keySet(), different.keySet());
  }

  private static int play(UnboundReplay replay, Map<String, String> different) {
    Instant now = replay.start();
    int checks = 0;
    UnboundReplay.ReplayEntry query = null;
    for (UnboundReplay.ReplayStep step : replay.steps) {
      now = now.plusMillis((long) (step.elapsed() * 1000));
      if (step.what().equals("QUERY")) {
        query = step.entry();
      } else if (step.what().equals("CHECK_ANSWER") && query != null && step.entry() != null) {
        checks++;
        String expected = expected(query, step.entry());
        String actual = answerText(replay, step.number(), query, now);
        if (!actual.matches(expected + "\\b.*")) {
          different.put(
              replay.file + " " + step.number(), "Unbound " + expected + ", we " + actual);
        }
      }
    }
    return checks;
  }

  private static String expected(
      UnboundReplay.ReplayEntry query, UnboundReplay.ReplayEntry answer) {
    int rcode = answer.message().getRcode();
    if (rcode == Rcode.SERVFAIL) {
      return "BAD";
    }
    boolean asksForAd = query.flags().contains("DO") || query.flags().contains("AD");
    String security =
        answer.flags().contains("AD") ? "SECURE" : asksForAd ? "INSECURE" : "(IN)?SECURE";
    return security + " " + Rcode.string(rcode);
  }

  private static String answerText(
      UnboundReplay replay, int step, UnboundReplay.ReplayEntry query, Instant now) {
    TrustAnchors anchors = TrustAnchors.of(replay.anchors);
    for (Name zone : replay.insecure) {
      anchors = anchors.withNegative(zone, Instant.MAX);
    }
    Record question = query.message().getQuestion();
    Map<MessageSource.DnsQuery, Message> asked = new HashMap<>();
    MessageSource source =
        q -> {
          Message there = asked.get(q);
          if (there == null) {
            there = replay.resolve(q.name(), q.type(), step);
            asked.put(q, there);
          }
          return there;
        };
    DnssecValidator validator =
        new DnssecValidator(new LegacyDsa(), anchors, new HashMap<>(), source, now);
    Name name = question.getName();
    DnssecStatus security = DnssecStatus.SECURE;
    List<String> reasons = new ArrayList<>();
    for (int aliases = 0; aliases <= 11; aliases++) {
      ValidatedAnswer judged = validator.judge(name, question.getType());
      security = judged.security().compareTo(security) > 0 ? judged.security() : security;
      reasons.add(judged.reason());
      switch (judged.content()) {
        case AnswerContent.Alias alias -> name = alias.target();
        case AnswerContent.NoName _ -> {
          return security + " NXDOMAIN " + reasons;
        }
        case AnswerContent.Unknown _ -> {
          return "BAD " + security + " " + reasons;
        }
        case AnswerContent.Found _, AnswerContent.NoData _ -> {
          return security + " NOERROR " + reasons;
        }
      }
    }
    return "BAD too many aliases";
  }
}
