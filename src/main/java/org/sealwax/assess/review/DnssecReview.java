package org.sealwax.assess.review;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.sealwax.assess.Exchange;
import org.sealwax.assess.Overview;
import org.sealwax.assess.Review;
import org.sealwax.assess.model.Check;
import org.sealwax.assess.model.Evidence;
import org.sealwax.assess.model.Finding;
import org.sealwax.assess.model.Outcome;
import org.sealwax.assess.model.Place;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.Answer;
import org.sealwax.mail.dns.Caa;
import org.sealwax.mail.dns.MxSet;
import org.sealwax.mail.dns.Nsec3Param;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.dns.Security;

/** Whether the zones are signed and how they deny (RFC 4035, RFC 9276), and who may issue. */
public record DnssecReview(Resolver resolver) implements Review {
  /** Names climbed to the root: nobody has so many labels honestly (RFC 9156 uses ten). */
  private static final int MAX_CLIMB = 10;

  @Override
  public List<Check> checks() {
    return List.of(Check.of("dnssec"), Check.of("caa"));
  }

  private record Named(String what, Answer<?> answer) {}

  @Override
  public boolean concerns(MxSet route) {
    return route instanceof MxSet.Hosts || route instanceof MxSet.Trouble;
  }

  @Override
  public Judgement ask(Overview before) {
    List<Finding> found = look(before);
    return all -> found;
  }

  private List<Finding> look(Overview all) {
    List<Named> answers = new ArrayList<>();
    Answer<?> mx = all.mx();
    if (mx != null) {
      answers.add(new Named("MX of " + all.target().text(), mx));
    }
    Set<Domain> names = new LinkedHashSet<>();
    all.domain().ifPresent(names::add);
    for (Exchange exchange : all.exchanges()) {
      Optional<Domain> host = exchange.named();
      if (host.isPresent()) {
        names.add(host.get());
        exchange.lookups().forEach(l -> answers.add(new Named(host.get().name(), l)));
      }
    }
    List<Finding> found = new ArrayList<>();
    found.add(answers.isEmpty() ? untested() : dnssec(answers, names));
    all.exchanges().stream()
        .map(Exchange::named)
        .flatMap(Optional::stream)
        .distinct()
        .forEach(host -> found.add(caa(host)));
    return found;
  }

  private static Finding untested() {
    return Finding.of(
        Check.of("dnssec"), Outcome.NOT_NEEDED, Place.domain(), "the address was given");
  }

  private Finding dnssec(List<Named> answers, Set<Domain> names) {
    List<String> bogus = new ArrayList<>();
    List<String> failed = new ArrayList<>();
    List<String> unsigned = new ArrayList<>();
    StringBuilder evidence = new StringBuilder();
    for (Named named : answers) {
      Answer<?> answer = named.answer();
      evidence
          .append(named.what())
          .append(": ")
          .append(answer.security())
          .append(' ')
          .append(answer.reason())
          .append('\n');
      switch (answer.security()) {
        case BOGUS -> bogus.add(named.what() + " (" + answer.reason() + ")");
        case FAILED -> failed.add(named.what() + " (" + answer.reason() + ")");
        case INSECURE -> unsigned.add(named.what());
        case SECURE -> {
          // As it should be.
        }
      }
    }
    Finding finding;
    if (!bogus.isEmpty()) {
      finding = of(Outcome.FAIL, "does not validate: " + distinct(bogus)).as("bogus");
    } else if (!failed.isEmpty()) {
      finding = of(Outcome.INCONCLUSIVE, "look-ups failed: " + distinct(failed));
    } else if (!unsigned.isEmpty()) {
      finding = of(Outcome.WARN, "not signed: " + distinct(unsigned)).as("unsigned");
    } else {
      finding = denial(names);
    }
    return finding.with(new Evidence(Evidence.Kind.DNS, evidence.toString()));
  }

  private static String distinct(List<String> names) {
    return String.join(", ", new LinkedHashSet<>(names));
  }

  private static Finding of(Outcome outcome, String seen) {
    return Finding.of(Check.of("dnssec"), outcome, Place.domain(), seen);
  }

  /** RFC 9276 3.1: extra iterations cost resolvers, protect nothing, and many stop validating. */
  private Finding denial(Set<Domain> names) {
    List<String> iterated = new ArrayList<>();
    for (Domain name : names) {
      Optional<Domain> at = Optional.of(name);
      for (int i = 0; i < MAX_CLIMB && at.isPresent(); i++) {
        Answer<Nsec3Param> answer = resolver.nsec3param(at.get());
        if (answer.kind() == Answer.Kind.FOUND) {
          for (Nsec3Param param : answer.records()) {
            if (param.iterations() > 0) {
              iterated.add(at.get() + " (" + param.iterations() + ")");
            }
          }
          break;
        }
        at = at.get().parent();
      }
    }
    return iterated.isEmpty()
        ? of(Outcome.PASS, "everything on the way to the hosts is signed and validates")
        : of(Outcome.WARN, "signed, but NSEC3 has extra iterations in " + distinct(iterated))
            .as("iterations");
  }

  /** RFC 8659 3: the closest name that has any. */
  private Finding caa(Domain host) {
    Place place = Place.of(host);
    Optional<Domain> at = Optional.of(host);
    for (int i = 0; i < MAX_CLIMB && at.isPresent(); i++) {
      Answer<Caa> answer = resolver.caa(at.get());
      if (answer.security() == Security.BOGUS || answer.security() == Security.FAILED) {
        return Finding.of(
            Check.of("caa"),
            Outcome.INCONCLUSIVE,
            place,
            "the look-up for " + at.get() + " failed: " + answer.reason());
      }
      if (!answer.records().isEmpty()) {
        return Finding.of(
            Check.of("caa"),
            Outcome.PASS,
            place,
            at.get() + " has " + MxReview.join(answer.records()));
      }
      at = at.get().parent();
    }
    return Finding.of(Check.of("caa"), Outcome.INFO, place, "any authority may issue")
        .as("missing")
        .advising(List.of(host + ". IN CAA 0 issue \"letsencrypt.org\""));
  }
}
