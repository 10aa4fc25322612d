package org.sealwax.assess.review;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.sealwax.assess.AddressVisit;
import org.sealwax.assess.Review;
import org.sealwax.assess.TargetOverview;
import org.sealwax.assess.model.AddressFacts;
import org.sealwax.assess.model.Check;
import org.sealwax.assess.model.CheckGroup;
import org.sealwax.assess.model.CheckOutcome;
import org.sealwax.assess.model.Finding;
import org.sealwax.assess.model.FindingEvidence;
import org.sealwax.assess.model.FindingLocation;
import org.sealwax.assess.model.LocatedCheck;
import org.sealwax.mail.tls.verdict.Pins;

/**
 * All hosts and addresses against each other: an attacker who can drop packets chooses among them,
 * so that the weakest is the one that counts.
 */
public record HostConsistencyReview() implements Review {
  private static final LocatedCheck PARITY = Check.of("parity").atDomain();

  private static final int MAX_NAMED = 8;

  /** Checks that show load or speed of an address and not its security. */
  private static final Set<String> MOODS = Set.of("scan.trouble", "banner.time");

  private static final List<String> VERSIONS = List.of("tls13", "tls12", "tls11", "tls10", "ssl3");

  @Override
  public List<Check> checks() {
    return List.of(PARITY.check());
  }

  @Override
  public PendingReview ask(TargetOverview before) {
    return this::judged;
  }

  private List<Finding> judged(TargetOverview all) {
    List<AddressVisit> there = all.visits().stream().filter(v -> v.facts().answered()).toList();
    if (there.isEmpty()) {
      return List.of(PARITY.inconclusive("no address was seen"));
    }
    return List.of(compared(all, there).withOpenQuestion(all.unseenText()));
  }

  private static Finding compared(TargetOverview all, List<AddressVisit> there) {
    if (there.size() == 1) {
      return all.visits().size() == 1
          ? PARITY.pass("there is one address")
          : PARITY.inconclusive("only one address was reachable");
    }
    List<String> weaker = weaker(all, there);
    if (!weaker.isEmpty()) {
      return PARITY
          .fail("weaker than the others: " + first(weaker))
          .as("weaker")
          .with(FindingEvidence.note(String.join("\n", weaker)));
    }
    List<String> different = different(all, there);
    if (!different.isEmpty()) {
      return PARITY.warn("different, not weaker: " + first(different)).as("differs");
    }
    return PARITY.pass(there.size() + " addresses are equal");
  }

  private static String first(List<String> all) {
    String text = String.join("; ", all.subList(0, Math.min(MAX_NAMED, all.size())));
    return all.size() > MAX_NAMED ? text + "; and " + (all.size() - MAX_NAMED) + " more" : text;
  }

  /** Places at which a check came out worse than at another place. */
  private static List<String> weaker(TargetOverview all, List<AddressVisit> there) {
    Map<Check, Map<FindingLocation, CheckOutcome>> byCheck = new LinkedHashMap<>();
    for (Finding f : all.found()) {
      CheckGroup group = f.check().group();
      boolean compared =
          group == CheckGroup.CRYPTO
              || group == CheckGroup.CERTIFICATE
              || group == CheckGroup.REACH;
      if (compared
          && !MOODS.contains(f.check().id())
          && f.outcome().known()
          && there.stream().anyMatch(v -> v.location().equals(f.location()))) {
        byCheck
            .computeIfAbsent(f.check(), c -> new LinkedHashMap<>())
            .merge(f.location(), f.outcome(), (a, b) -> a.compareTo(b) >= 0 ? a : b);
      }
    }
    List<String> weaker = new ArrayList<>();
    byCheck.forEach(
        (check, places) -> {
          CheckOutcome best =
              places.values().stream().min(CheckOutcome::compareTo).orElse(CheckOutcome.PASS);
          if (best == CheckOutcome.PASS || best == CheckOutcome.INFO) {
            places.forEach(
                (location, outcome) -> {
                  if (outcome == CheckOutcome.WARN || outcome == CheckOutcome.FAIL) {
                    weaker.add(location.text() + " in " + check.id());
                  }
                });
          }
        });
    return weaker;
  }

  /** Whether each version was asked for at a place, and an answer settled it. */
  private static boolean versionsKnown(TargetOverview all, AddressVisit visit) {
    return VERSIONS.stream()
        .allMatch(
            id -> all.found(id, visit.location()).filter(f -> f.outcome().known()).isPresent());
  }

  /**
   * What was seen at several of them and is not the same; what was not seen differs from nothing.
   */
  private static List<String> different(TargetOverview all, List<AddressVisit> there) {
    List<String> different = new ArrayList<>();
    Set<Object> words = new java.util.HashSet<>();
    Set<Object> versions = new java.util.HashSet<>();
    Set<Object> types = new java.util.HashSet<>();
    for (AddressVisit visit : there) {
      AddressFacts facts = visit.facts();
      if (!facts.ehloUnderTls().isEmpty()) {
        words.add(facts.ehloUnderTls());
      }
      if (versionsKnown(all, visit)) {
        versions.add(facts.versions());
      }
      if (facts.typesComplete()) {
        types.add(new TreeSet<>(facts.chains().keySet()));
      }
    }
    Map<String, String> keys = new LinkedHashMap<>();
    Set<String> turning = new TreeSet<>();
    for (AddressVisit visit : there) {
      visit
          .location()
          .hostName()
          .ifPresent(
              host ->
                  visit
                      .facts()
                      .chains()
                      .forEach(
                          (type, chain) -> {
                            String key = Pins.of(chain.getFirst()).hex();
                            String before = keys.putIfAbsent(host + " " + type, key);
                            if (before != null && !before.equals(key)) {
                              turning.add(host.name());
                            }
                          }));
    }
    if (!turning.isEmpty()) {
      different.add("the keys at the addresses of " + String.join(", ", turning));
    }
    if (words.size() > 1) {
      different.add("the EHLO words");
    }
    if (versions.size() > 1) {
      different.add("the TLS versions");
    }
    if (types.size() > 1) {
      different.add("the types of certificate");
    }
    return different;
  }
}
