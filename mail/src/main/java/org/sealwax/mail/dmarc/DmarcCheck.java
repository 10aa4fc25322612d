package org.sealwax.mail.dmarc;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.PublicSuffixList;
import org.sealwax.mail.dmarc.AuthenticatedIdentifier.Mechanism;
import org.sealwax.mail.dmarc.DmarcRecord.Alignment;
import org.sealwax.mail.dmarc.DmarcTreeWalk.PublishedRecord;
import org.sealwax.mail.dns.DnsAnswer;
import org.sealwax.mail.dns.Resolver;

/**
 * Checks a message for the domain in From (RFC 9989 section 5.3). One walk for that domain, and one
 * for each other identifier below its organization, at most {@link DmarcTreeWalk#MAX_QUERIES}
 * questions each; the caller bounds the number of identifiers. Thread-safe; blocks as long as the
 * resolver does.
 */
public final class DmarcCheck {
  private final Resolver resolver;

  /**
   * A check by this resolver.
   *
   * @param resolver answers the DNS questions
   */
  public DmarcCheck(Resolver resolver) {
    this.resolver = resolver;
  }

  /**
   * Checks one message.
   *
   * @param author the domain in From
   * @param facts what SPF and DKIM found
   * @return the result and the policy
   */
  public DmarcVerdict of(AuthorDomain author, AuthenticationFacts facts) {
    return switch (author) {
      case AuthorDomain.Single single -> of(single.domain(), facts);
      case AuthorDomain.Missing _ ->
          DmarcVerdict.without(DmarcResult.PERMERROR, Optional.empty(), "From has no domain");
      case AuthorDomain.Several _ ->
          DmarcVerdict.without(
              DmarcResult.PERMERROR, Optional.empty(), "From has more than one domain");
      case AuthorDomain.Malformed malformed ->
          DmarcVerdict.without(DmarcResult.PERMERROR, Optional.empty(), malformed.why());
    };
  }

  /**
   * {@return the verdict about mail that neither SPF nor DKIM authenticates, with the policy that
   * applies to it}
   *
   * @param author the domain in From
   */
  public DmarcVerdict ofUnauthenticated(Domain author) {
    return of(author, new AuthenticationFacts(List.of(), List.of()));
  }

  /**
   * {@return whether a receiver could find the two aligned in relaxed mode, so that a pass of SPF
   * or DKIM for {@code identifier} proves the author} Receivers take the organizational domain by
   * the tree walk (RFC 9989 section 4.10.2) or still by a public suffix list (RFC 7489 section
   * 3.2), and either is wider for some names. Where a look-up fails, two common labels are enough.
   *
   * @param author the domain in From
   * @param identifier the domain that SPF or DKIM authenticates
   */
  public boolean mayAlign(Domain author, Domain identifier) {
    if (PublicSuffixList.bundled().sameOrganisation(author, identifier)) {
      return true;
    }
    DmarcTreeWalk one = DmarcTreeWalk.from(resolver, author);
    DmarcTreeWalk other = DmarcTreeWalk.from(resolver, identifier);
    return one.failure().isPresent() || other.failure().isPresent()
        ? shareTwoLabels(author, identifier)
        : one.organization().equals(other.organization());
  }

  /**
   * {@return whether the two can be aligned without a policy record at a top-level domain: names of
   * one organizational domain end in the same two labels}
   *
   * @param a one domain
   * @param b the other domain
   */
  public static boolean shareTwoLabels(Domain a, Domain b) {
    return lastTwoLabels(a).equals(lastTwoLabels(b));
  }

  private static String lastTwoLabels(Domain domain) {
    String name = domain.name();
    int last = name.lastIndexOf('.');
    return last < 0 ? name : name.substring(name.lastIndexOf('.', last - 1) + 1);
  }

  private DmarcVerdict of(Domain author, AuthenticationFacts facts) {
    DmarcTreeWalk walk = DmarcTreeWalk.from(resolver, author);
    if (walk.failure().isPresent()) {
      return DmarcVerdict.without(DmarcResult.TEMPERROR, Optional.of(author), walk.failure().get());
    }
    Optional<PublishedRecord> applicable = walk.applicable();
    if (applicable.isEmpty()) {
      return DmarcVerdict.without(DmarcResult.NONE, Optional.of(author), "no policy record");
    }
    Domain policyDomain = applicable.get().domain();
    DmarcRecord record = applicable.get().record();
    if (record.policies().isEmpty()) {
      return DmarcVerdict.without(
          DmarcResult.NONE, Optional.of(author), "the record of " + policyDomain + " is invalid");
    }
    IdentifierAlignment alignment = new IdentifierAlignment(walk, record);
    for (AuthenticatedIdentifier identifier : facts.passed()) {
      if (alignment.isAligned(identifier)) {
        return new DmarcVerdict(
            DmarcResult.PASS,
            Optional.of(author),
            Optional.of(policyDomain),
            policy(record, record.policies().get(), author, policyDomain),
            Optional.of(identifier),
            "");
      }
    }
    facts.undecided().stream()
        .filter(alignment::isAligned)
        .forEach(i -> alignment.failures.add("the check of " + i.domain() + " failed"));
    boolean decided = alignment.failures.isEmpty();
    return new DmarcVerdict(
        decided ? DmarcResult.FAIL : DmarcResult.TEMPERROR,
        Optional.of(author),
        Optional.of(policyDomain),
        policy(record, record.policies().get(), author, policyDomain),
        Optional.empty(),
        decided ? "no aligned identifier" : alignment.failures.getFirst());
  }

  /** Which identifiers are aligned with the author, by one record. */
  private final class IdentifierAlignment {
    private final Domain author;
    private final Domain organization;
    private final DmarcRecord record;

    /** Look-ups that failed, in words for logs. */
    private final List<String> failures = new ArrayList<>(0);

    IdentifierAlignment(DmarcTreeWalk walk, DmarcRecord record) {
      this.author = walk.start();
      this.organization = walk.organization();
      this.record = record;
    }

    boolean isAligned(AuthenticatedIdentifier identifier) {
      Domain domain = identifier.domain();
      if (domain.equals(author)) {
        return true;
      }
      Alignment mode = identifier.mechanism() == Mechanism.SPF ? record.spf() : record.dkim();
      // An organizational domain is the domain or above it: no walk is needed outside of it.
      if (mode == Alignment.STRICT
          || !(domain.equals(organization) || domain.isBelow(organization))) {
        return false;
      }
      DmarcTreeWalk walk = DmarcTreeWalk.from(resolver, domain);
      walk.failure().ifPresent(failures::add);
      return walk.failure().isEmpty() && walk.organization().equals(organization);
    }
  }

  private DmarcPolicy policy(
      DmarcRecord record, DmarcRecord.Policies policies, Domain author, Domain policyDomain) {
    DmarcPolicy policy =
        author.equals(policyDomain) ? policies.domain() : ofSubdomain(policies, author);
    return record.testing() ? policy.inTestMode() : policy;
  }

  private DmarcPolicy ofSubdomain(DmarcRecord.Policies policies, Domain author) {
    if (policies.subdomains() == policies.nonexistent()) {
      return policies.subdomains();
    }
    List<DnsAnswer<?>> answers =
        List.of(
            resolver.mx(author),
            resolver.addresses(author, Resolver.AddressFamily.IPV4),
            resolver.addresses(author, Resolver.AddressFamily.IPV6));
    if (answers.stream().anyMatch(a -> a.kind() == DnsAnswer.Kind.FOUND)) {
      return policies.subdomains();
    }
    // A failed look-up does not show that the domain does not exist.
    return answers.stream().anyMatch(a -> a.kind() == DnsAnswer.Kind.UNKNOWN)
        ? policies.subdomains().milder(policies.nonexistent())
        : policies.nonexistent();
  }
}
