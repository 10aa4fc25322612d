package org.sealwax.assess.review;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.sealwax.assess.Review;
import org.sealwax.assess.TargetMxHost;
import org.sealwax.assess.TargetOverview;
import org.sealwax.assess.model.Check;
import org.sealwax.assess.model.Finding;
import org.sealwax.assess.model.FindingEvidence;
import org.sealwax.assess.model.FindingLocation;
import org.sealwax.assess.model.LocatedCheck;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.CaaRecord;
import org.sealwax.mail.dns.DnsAnswer;
import org.sealwax.mail.dns.DnssecStatus;
import org.sealwax.mail.dns.MxSet;
import org.sealwax.mail.dns.Nsec3ParamRecord;
import org.sealwax.mail.dns.Resolver;

/** Whether the zones are signed and how they deny (RFC 4035, RFC 9276), and who may issue. */
public record DnssecReview(Resolver resolver) implements Review {
  private static final LocatedCheck DNSSEC = Check.of("dnssec").atDomain();

  /** Names climbed to the root: normal names have fewer labels (RFC 9156 uses ten). */
  private static final int MAX_CLIMB = 10;

  @Override
  public List<Check> checks() {
    return List.of(DNSSEC.check(), Check.of("caa"));
  }

  private record NamedAnswer(String what, DnsAnswer<?> answer) {}

  @Override
  public boolean concerns(MxSet route) {
    return route instanceof MxSet.Hosts || route instanceof MxSet.MxLookupFailed;
  }

  @Override
  public PendingReview ask(TargetOverview before) {
    List<Finding> found = findings(before);
    return all -> found;
  }

  private List<Finding> findings(TargetOverview all) {
    List<NamedAnswer> answers = new ArrayList<>();
    DnsAnswer<?> mx = all.mx();
    if (mx != null) {
      answers.add(new NamedAnswer("MX of " + all.target().text(), mx));
    }
    Set<Domain> names = new LinkedHashSet<>();
    all.domain().ifPresent(names::add);
    for (TargetMxHost mxHost : all.mxHosts()) {
      Optional<Domain> host = mxHost.named();
      if (host.isPresent()) {
        names.add(host.get());
        mxHost.lookups().forEach(l -> answers.add(new NamedAnswer(host.get().name(), l)));
      }
    }
    List<Finding> found = new ArrayList<>();
    found.add(
        answers.isEmpty() ? DNSSEC.notNeeded("the target is an address") : dnssec(answers, names));
    all.mxHosts().stream()
        .map(TargetMxHost::named)
        .flatMap(Optional::stream)
        .distinct()
        .forEach(host -> found.add(caa(host)));
    return found;
  }

  private Finding dnssec(List<NamedAnswer> answers, Set<Domain> names) {
    List<String> bogus = new ArrayList<>();
    List<String> failed = new ArrayList<>();
    List<String> unsigned = new ArrayList<>();
    StringBuilder evidence = new StringBuilder();
    for (NamedAnswer named : answers) {
      DnsAnswer<?> answer = named.answer();
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
      finding = DNSSEC.fail("does not validate: " + distinct(bogus)).as("bogus");
    } else if (!failed.isEmpty()) {
      finding = DNSSEC.inconclusive("look-ups failed: " + distinct(failed));
    } else if (!unsigned.isEmpty()) {
      finding = DNSSEC.warn("not signed: " + distinct(unsigned)).as("unsigned");
    } else {
      finding = denial(names);
    }
    return finding.with(FindingEvidence.dns(evidence.toString()));
  }

  private static String distinct(List<String> names) {
    return String.join(", ", new LinkedHashSet<>(names));
  }

  /** RFC 9276 3.1: extra iterations cost resolvers, protect nothing, and many stop validating. */
  private Finding denial(Set<Domain> names) {
    List<String> iterated = new ArrayList<>();
    for (Domain name : names) {
      Optional<Domain> at = Optional.of(name);
      for (int i = 0; i < MAX_CLIMB && at.isPresent(); i++) {
        DnsAnswer<Nsec3ParamRecord> answer = resolver.nsec3param(at.get());
        if (answer.kind() == DnsAnswer.Kind.FOUND) {
          for (Nsec3ParamRecord param : answer.records()) {
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
        ? DNSSEC.pass("all zones up to the hosts are signed and validate")
        : DNSSEC
            .warn("signed, but NSEC3 has extra iterations in " + distinct(iterated))
            .as("iterations");
  }

  /** RFC 8659 3: the closest name that has any. */
  private Finding caa(Domain host) {
    LocatedCheck caa = Check.of("caa").at(FindingLocation.of(host));
    Optional<Domain> at = Optional.of(host);
    for (int i = 0; i < MAX_CLIMB && at.isPresent(); i++) {
      DnsAnswer<CaaRecord> answer = resolver.caa(at.get());
      if (answer.security() == DnssecStatus.BOGUS || answer.security() == DnssecStatus.FAILED) {
        return caa.inconclusive("the look-up for " + at.get() + " failed: " + answer.reason());
      }
      if (!answer.records().isEmpty()) {
        return caa.pass(
            at.get()
                + " has "
                + String.join(", ", answer.records().stream().map(CaaRecord::toString).toList()));
      }
      at = at.get().parent();
    }
    return caa.info("any CA may issue")
        .as("missing")
        .advising(List.of(host + ". IN CAA 0 issue \"letsencrypt.org\""));
  }
}
