package org.sealwax.assess.review;

import java.nio.charset.StandardCharsets;
import java.security.PublicKey;
import java.security.cert.CertificateEncodingException;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.security.interfaces.DSAKey;
import java.security.interfaces.ECKey;
import java.security.interfaces.RSAKey;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.sealwax.assess.AddressVisit;
import org.sealwax.assess.Review;
import org.sealwax.assess.TargetOverview;
import org.sealwax.assess.model.Check;
import org.sealwax.assess.model.CheckOutcome;
import org.sealwax.assess.model.Finding;
import org.sealwax.assess.model.FindingEvidence;
import org.sealwax.assess.model.FindingLocation;
import org.sealwax.assess.model.LocatedCheck;
import org.sealwax.assess.model.ScanDepth;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.CountText;
import org.sealwax.mail.net.Dialer;
import org.sealwax.mail.tls.verdict.NameCheck;
import org.sealwax.mail.tls.verdict.Pins;
import org.sealwax.mail.tls.verdict.TrustRoots;
import org.sealwax.mail.tls.verdict.Verdict;

/**
 * The certificates of each address: every chain that was shown, RSA and ECDSA alike; the worst one
 * counts. What a flaw means depends on the policies, so that DANE and MTA-STS are judged before.
 */
public final class CertificateReview implements Review {
  /** Renewal should have happened by then: short-lived certificates renew with a third left. */
  private static final Duration SOON = Duration.ofDays(14);

  /** The longest validity that public authorities were allowed from 2018 on. */
  private static final Duration LONGEST = Duration.ofDays(825);

  /** Certificates beyond leaf and two intermediates cost each sender bytes and time. */
  private static final int LONG_CHAIN = 4;

  private static final int MAX_SHOWN = 5;
  private static final String SERVER_AUTH = "1.3.6.1.5.5.7.3.1";
  private static final String CLIENT_AUTH = "1.3.6.1.5.5.7.3.2";
  private static final String ANY_PURPOSE = "2.5.29.37.0";

  /** RFC 6962 3.3. */
  private static final String SCT_LIST = "1.3.6.1.4.1.11129.2.4.2";

  /** RFC 7633: status_request is feature 5. */
  private static final String TLS_FEATURE = "1.3.6.1.5.5.7.1.24";

  private static final List<String> IDS =
      List.of(
          "cert.name",
          "cert.chain",
          "cert.expiry",
          "cert.key",
          "cert.sig",
          "cert.eku",
          "cert.ct",
          "cert.staple",
          "cert.revoked");

  private final JudgedChains chains;
  private final Clock clock;
  private final RevocationCheck revocation;

  /**
   * A review.
   *
   * @param roots what is trusted
   * @param revocation asks authorities
   */
  CertificateReview(TrustRoots roots, RevocationCheck revocation, Clock clock) {
    this.chains = new JudgedChains(roots, clock);
    this.clock = clock;
    this.revocation = revocation;
  }

  /**
   * A review that asks the authorities named in certificates for revocations.
   *
   * @param dialer for hosts that certificates name: guarded except in a lab
   */
  public static CertificateReview over(
      Resolver resolver, Dialer dialer, TrustRoots roots, Clock clock) {
    return new CertificateReview(
        roots, new RevocationCheck(new PlainHttpClient(resolver, dialer), clock), clock);
  }

  @Override
  public List<Check> checks() {
    return IDS.stream().map(Check::of).toList();
  }

  /** The policies that apply to this address. */
  private record AddressPolicies(AddressVisit visit, boolean dane, boolean sts, boolean ask) {
    LocatedCheck check(String id) {
      return visit.check(id);
    }

    /** A fault, which DANE-EE senders do not mind: a warning where DANE applies. */
    Finding fault(Finding fault, String aspectUnderDane) {
      return dane
          ? new LocatedCheck(fault.check(), fault.location())
              .warn(fault.observed() + "; senders with DANE-EE do not check it")
              .as(aspectUnderDane)
          : fault;
    }
  }

  @Override
  public PendingReview ask(TargetOverview before) {
    return this::judged;
  }

  private List<Finding> judged(TargetOverview all) {
    List<Finding> found = new ArrayList<>();
    boolean sts = enforced(all);
    for (AddressVisit visit : all.visits()) {
      if (!visit.facts().answered()) {
        continue;
      }
      List<JudgedChains.JudgedChain> seen = JudgedChains.of(visit);
      if (seen.isEmpty()) {
        checks().forEach(c -> found.add(nothing(c, visit)));
        continue;
      }
      boolean ask = all.budget().depth() != ScanDepth.QUICK && all.timeLeft().isPositive();
      AddressPolicies context =
          new AddressPolicies(visit, matchesKey(all, visit.location()), sts, ask);
      found.add(worst(seen, c -> name(c, context)).with(chainEvidence(seen)));
      found.add(worst(seen, c -> chain(c, context)));
      found.add(worst(seen, c -> expiry(c, context)));
      found.add(worst(seen, c -> key(c, context)));
      found.add(worst(seen, c -> signature(c, context)));
      found.add(worst(seen, c -> purpose(c, context)));
      found.add(worst(seen, c -> logged(c, context)));
      found.add(worst(seen, c -> staple(c, context)));
      found.add(worst(seen, c -> revoked(c, context)));
    }
    return found;
  }

  private static Finding nothing(Check check, AddressVisit visit) {
    LocatedCheck here = check.at(visit.location());
    if (visit.facts().withoutStarttls()) {
      return here.notNeeded("STARTTLS is not offered");
    }
    boolean over = !visit.timeLeft().isPositive() || visit.connections().remaining() == 0;
    return here.finding(
        over ? CheckOutcome.NOT_TESTED : CheckOutcome.INCONCLUSIVE,
        visit.facts().tls() ? "no certificate was received" : "no certificate was seen");
  }

  /** Whether an MTA-STS policy in mode enforce is in force, whatever else is wrong with it. */
  static boolean enforced(TargetOverview all) {
    return all.found("sts.policy", FindingLocation.domain())
        .filter(f -> f.outcome() != CheckOutcome.INCONCLUSIVE)
        .filter(
            f ->
                f.outcome() == CheckOutcome.PASS
                    || List.of("short", "mx-fails", "mx-fails-all").contains(f.aspect()))
        .isPresent();
  }

  /** Whether a DANE-EE record matches, for which neither name nor chain matter. */
  private static boolean matchesKey(TargetOverview all, FindingLocation location) {
    boolean matches =
        all.found("dane.match", location)
            .filter(f -> f.outcome() == CheckOutcome.PASS || f.outcome() == CheckOutcome.WARN)
            .filter(f -> !f.aspect().equals("pkix"))
            .isPresent();
    boolean byAnchor =
        all.found("dane.ta", location)
            .filter(f -> f.outcome() != CheckOutcome.NOT_NEEDED)
            .isPresent();
    return matches && !byAnchor;
  }

  /** The worst of all types, with the findings of the others. */
  private static Finding worst(
      List<JudgedChains.JudgedChain> seen, Function<JudgedChains.JudgedChain, Finding> check) {
    List<Finding> each = seen.stream().map(check).toList();
    Finding worst =
        each.stream()
            .max(Comparator.comparingInt(CertificateReview::severity))
            .orElseThrow(() -> new IllegalStateException("no chain"));
    if (seen.size() == 1) {
      return worst;
    }
    List<String> words = new ArrayList<>();
    for (int i = 0; i < seen.size(); i++) {
      words.add(seen.get(i).keyType() + ": " + each.get(i).observed());
    }
    return worst.observing(String.join("; ", words));
  }

  private static int severity(Finding finding) {
    return switch (finding.outcome()) {
      case PASS -> 0;
      case INFO -> 1;
      case NOT_TESTED, NOT_NEEDED -> 2;
      case WARN -> 3;
      case INCONCLUSIVE -> 4;
      case FAIL -> 5;
    };
  }

  private static FindingEvidence chainEvidence(List<JudgedChains.JudgedChain> seen) {
    StringBuilder text = new StringBuilder();
    for (JudgedChains.JudgedChain chain : seen) {
      for (X509Certificate c : chain.certificates()) {
        try {
          text.append(HexFormat.of().formatHex(c.getEncoded())).append('\n');
        } catch (CertificateEncodingException e) {
          text.append("cannot be encoded\n");
        }
      }
    }
    return new FindingEvidence(FindingEvidence.Kind.CERTIFICATE, text.toString());
  }

  private static Finding name(JudgedChains.JudgedChain chain, AddressPolicies context) {
    LocatedCheck check = context.check("cert.name");
    Domain host = context.visit().location().host();
    if (host == null) {
      return check.notTested("the target is an address, not a name");
    }
    if (JudgedChains.named(chain, List.of(host)).isPresent()) {
      boolean plainly = NameCheck.dnsNames(chain.leaf()).contains(host.name());
      String by = plainly ? "" : " by *" + host.name().substring(host.name().indexOf('.'));
      return check.pass("it names " + host + by);
    }
    List<String> names = NameCheck.dnsNames(chain.leaf());
    String what =
        names.isEmpty()
            ? "it has no DNS name in subjectAltName"
            : "it names "
                + printable(names.subList(0, Math.min(MAX_SHOWN, names.size())))
                + ", not "
                + host;
    Domain nextHop = context.visit().nextHop();
    boolean domainOnly = nextHop != null && JudgedChains.named(chain, List.of(nextHop)).isPresent();
    if (context.sts()) {
      return check.fail(what + "; MTA-STS senders do not deliver").as("none-sts");
    }
    if (domainOnly) {
      return check.warn(what + ", but the domain").as("domain-only");
    }
    return context.fault(check.fail(what).as(names.isEmpty() ? "no-san" : "none"), "none");
  }

  private static String printable(List<String> names) {
    return String.join(
        ", ",
        names.stream()
            .map(n -> n.chars().allMatch(c -> c > 0x20 && c < 0x7f) ? n : "(unprintable)")
            .toList());
  }

  private Finding chain(JudgedChains.JudgedChain chain, AddressPolicies context) {
    LocatedCheck check = context.check("cert.chain");
    Optional<Verdict.Reason> flaw = chains.flaw(chain);
    if (flaw.isEmpty()) {
      int length = chain.certificates().size();
      if (length > LONG_CHAIN) {
        return check.info(length + " certificates are sent").as("long");
      }
      return check.pass(CountText.of(length, "certificate") + ", trusted by " + chains.roots());
    }
    return switch (flaw.get()) {
      case SELF_SIGNED -> context.fault(check.fail("it is self-signed").as("self-signed"), "dane");
      case INCOMPLETE_CHAIN ->
          context.fault(
              check
                  .finding(
                      context.sts() ? CheckOutcome.FAIL : CheckOutcome.WARN,
                      "an intermediate certificate is missing")
                  .as("incomplete"),
              "dane");
      case UNKNOWN_ISSUER, EXPIRED, NOT_YET_VALID ->
          context.fault(check.fail("no chain to a trusted root").as("untrusted"), "dane");
      case REVOKED, NAME_MISMATCH ->
          context.fault(check.fail(flaw.get().word()).as("untrusted"), "dane");
      case WRONG_PURPOSE ->
          hasServerPurpose(chain.leaf())
              ? context.fault(
                  check.fail("the CA is not permitted to issue it").as("constraint"), "dane")
              : check.info("wrong extended key usage: see cert.eku");
      case WEAK_SIGNATURE, WEAK_KEY -> check.info("too weak to verify: see cert.key, cert.sig");
    };
  }

  private Finding expiry(JudgedChains.JudgedChain chain, AddressPolicies context) {
    LocatedCheck check = context.check("cert.expiry");
    Instant now = clock.now();
    // A path that holds now needs none of the certificates that do not.
    List<X509Certificate> needed =
        chains.holdsNow(chain) ? List.of(chain.leaf()) : chain.certificates();
    for (X509Certificate c : needed) {
      Instant until = c.getNotAfter().toInstant();
      String whose = c.equals(chain.leaf()) ? "it" : "an intermediate certificate";
      if (now.isAfter(until)) {
        return context.fault(check.fail(whose + " expired on " + until).as("expired"), "dane");
      }
      Instant from = c.getNotBefore().toInstant();
      if (now.isBefore(from)) {
        return context.fault(
            check.fail(whose + " is valid only from " + from).as("not-yet"), "dane");
      }
    }
    Instant until = chain.leaf().getNotAfter().toInstant();
    Duration left = Duration.between(now, until);
    if (left.compareTo(SOON) < 0) {
      return check.warn(CountText.of(left.toDays(), "day") + " left").as("soon");
    }
    Duration whole = Duration.between(chain.leaf().getNotBefore().toInstant(), until);
    if (whole.compareTo(LONGEST) > 0) {
      return check
          .info("valid for " + whole.toDays() + " days: a stolen key is usable for as long")
          .as("long");
    }
    boolean unneeded =
        chain.certificates().stream().anyMatch(c -> now.isAfter(c.getNotAfter().toInstant()));
    return unneeded
        ? check
            .info(
                "valid until "
                    + until
                    + "; the server also sends an expired certificate that no chain needs")
            .as("unneeded")
        : check.pass("valid until " + until);
  }

  private static Finding strength(LocatedCheck check, PublicKey key) {
    return switch (key) {
      case RSAKey rsa -> {
        int bits = rsa.getModulus().bitLength();
        String words = "RSA of " + bits + " bits";
        yield bits < 1024
            ? check.fail(words).as("below-1024")
            : bits < 2048
                ? check.fail(words).as("below-2048")
                : bits < 3072
                    ? check.warn(words + ", enough until 2030").as("rsa-2048")
                    : check.pass(words);
      }
      case ECKey ec -> {
        int bits = ec.getParams().getCurve().getField().getFieldSize();
        String words = "EC of " + bits + " bits";
        yield bits < 256 ? check.fail(words).as("ec-small") : check.pass(words);
      }
      case DSAKey dsa -> {
        int bits = dsa.getParams() == null ? 0 : dsa.getParams().getP().bitLength();
        yield check
            .finding(
                bits < 2048 ? CheckOutcome.FAIL : CheckOutcome.WARN, "DSA of " + bits + " bits")
            .as("below-2048");
      }
      default -> check.pass(key.getAlgorithm());
    };
  }

  private static Finding key(JudgedChains.JudgedChain chain, AddressPolicies context) {
    LocatedCheck check = context.check("cert.key");
    Finding worst = strength(check, chain.leaf().getPublicKey());
    worst = worst.observing(worst.observed() + ", " + Pins.of(chain.leaf()));
    for (X509Certificate c : chain.certificates().subList(1, chain.certificates().size())) {
      Finding other = strength(check, c.getPublicKey());
      // Intermediates of 2048 bits are the rule with public authorities, and short-lived enough.
      if (other.outcome() == CheckOutcome.FAIL && worst.outcome() != CheckOutcome.FAIL) {
        worst = other.observing("a CA in the chain has " + other.observed());
      }
    }
    return worst;
  }

  private static Finding signature(JudgedChains.JudgedChain chain, AddressPolicies context) {
    LocatedCheck check = context.check("cert.sig");
    for (X509Certificate c : chain.certificates()) {
      String algorithm = c.getSigAlgName().toUpperCase(Locale.ROOT);
      boolean ownSignature = !c.equals(chain.leaf()) && JudgedChains.selfSigned(c);
      if (ownSignature) {
        // A root's signature over itself is not relied on.
        continue;
      }
      if (algorithm.startsWith("MD")) {
        return check.fail("signed with " + c.getSigAlgName()).as("md5");
      }
      if (algorithm.startsWith("SHA1") || algorithm.contains("SHA-1")) {
        return check.fail("signed with " + c.getSigAlgName()).as("sha1");
      }
    }
    return check.pass("signed with " + chain.leaf().getSigAlgName());
  }

  private static @Nullable List<String> purposes(X509Certificate leaf) {
    try {
      return leaf.getExtendedKeyUsage();
    } catch (CertificateParsingException e) {
      return List.of();
    }
  }

  private static boolean hasServerPurpose(X509Certificate leaf) {
    List<String> purposes = purposes(leaf);
    return purposes == null || purposes.contains(SERVER_AUTH) || purposes.contains(ANY_PURPOSE);
  }

  private static Finding purpose(JudgedChains.JudgedChain chain, AddressPolicies context) {
    LocatedCheck check = context.check("cert.eku");
    List<String> purposes = purposes(chain.leaf());
    if (purposes == null) {
      return check.warn("no extended key usage").as("absent");
    }
    if (!hasServerPurpose(chain.leaf())) {
      return check.fail("it is for " + printable(purposes)).as("wrong");
    }
    if (purposes.contains(CLIENT_AUTH) || purposes.contains(ANY_PURPOSE)) {
      return check.pass("for servers and clients");
    }
    return check
        .info("for servers; a server that checks purposes rejects it as a client certificate")
        .as("no-client");
  }

  private static Finding logged(JudgedChains.JudgedChain chain, AddressPolicies context) {
    LocatedCheck check = context.check("cert.ct");
    return chain.leaf().getExtensionValue(SCT_LIST) != null
        ? check.pass("it has signed certificate timestamps")
        : check.info("it has no signed certificate timestamps").as("missing");
  }

  /** Whether the certificate demands a stapled answer (RFC 7633 4.2.3.1). */
  private static boolean mustStaple(X509Certificate leaf) {
    byte[] value = leaf.getExtensionValue(TLS_FEATURE);
    // An OCTET STRING around a SEQUENCE of INTEGER: status_request is 02 01 05.
    return value != null
        && new String(value, StandardCharsets.ISO_8859_1).contains("\u0002\u0001\u0005");
  }

  /**
   * Until when a stapled answer is good: nextUpdate of RFC 6960 4.2.1, which DER writes in one way
   * only, as [0] around a GeneralizedTime in UTC to the second (RFC 5280 4.1.2.5.2).
   */
  private static Optional<Instant> nextUpdate(byte[] answer) {
    Matcher next = NEXT_UPDATE.matcher(new String(answer, StandardCharsets.ISO_8859_1));
    if (!next.find()) {
      return Optional.empty();
    }
    try {
      return Optional.of(
          LocalDateTime.parse(next.group(1), DateTimeFormatter.ofPattern("uuuuMMddHHmmss"))
              .toInstant(ZoneOffset.UTC));
    } catch (DateTimeParseException e) {
      return Optional.empty();
    }
  }

  private static final Pattern NEXT_UPDATE =
      Pattern.compile("\u00a0\u0011\u0018\u000f([0-9]{14})Z", Pattern.DOTALL);

  private Finding staple(JudgedChains.JudgedChain chain, AddressPolicies context) {
    LocatedCheck check = context.check("cert.staple");
    boolean demanded = mustStaple(chain.leaf());
    Optional<byte[]> answer = context.visit().facts().staple(chain.keyType());
    if (answer.isPresent()) {
      Optional<Instant> until = nextUpdate(answer.get());
      return until.isPresent() && until.get().isBefore(clock.now())
          ? check
              .finding(
                  demanded ? CheckOutcome.FAIL : CheckOutcome.WARN,
                  "the stapled OCSP response expired at " + until.get())
              .as("stale")
          : check.pass("an OCSP response is stapled");
    }
    return demanded
        ? check
            .fail("it requires a stapled OCSP response (must-staple), but there is none")
            .as("must-staple")
        : check.info("no OCSP response is stapled, none is required").as("missing");
  }

  private Finding revoked(JudgedChains.JudgedChain chain, AddressPolicies context) {
    LocatedCheck check = context.check("cert.revoked");
    RevocationCheck.RevocationStatus status =
        revocation.ask(
            chain.certificates(),
            context.visit().facts().staple(chain.keyType()).orElse(null),
            context.ask());
    return switch (status) {
      case RevocationCheck.RevocationStatus.NotRevoked good ->
          check.pass("not revoked, " + good.source());
      case RevocationCheck.RevocationStatus.RevokedCertificate revoked ->
          check.fail("revoked, " + revoked.source()).as("revoked");
      case RevocationCheck.RevocationStatus.RevocationUnknown unknown ->
          check.finding(unknown.outcome(), unknown.reason());
    };
  }
}
