package org.sealwax.lab.traps;

import static org.sealwax.lab.traps.Traps.S;
import static org.sealwax.lab.traps.Traps.T;
import static org.sealwax.lab.traps.Traps.trap;

import java.util.List;
import java.util.function.UnaryOperator;
import org.sealwax.testkit.tls.CertificateSpec;

/**
 * Group F: MTA-STS. Where a policy must not be taken (F8 to F14) it names hosts that do not exist:
 * a sender that accepts it nevertheless does not deliver, and so is detected.
 */
final class PolicyTraps {
  private static final String NOT_OBTAINED = "deliver: there is no policy";

  private PolicyTraps() {}

  private static UnaryOperator<Site> policy(UnaryOperator<StsPublication> change) {
    return site -> site.withPolicyChange(change);
  }

  private static StsPublication withOtherHosts(StsPublication policy) {
    return policy.withPatterns("elsewhere.{site}");
  }

  private static UnaryOperator<Site> invalidPolicy(UnaryOperator<StsPublication> change) {
    return policy(p -> change.apply(withOtherHosts(p)));
  }

  private static Site selfSigned(Site site) {
    return site.eachHost(h -> h.certified(l -> l.with(CertificateSpec.CertificateIssuer.SELF)));
  }

  private static Site two(Site site) {
    return site.withHosts(site.host().named("mx1").at(10), site.host().named("mx2").at(20));
  }

  static List<Trap> all() {
    return List.of(
        trap("F1 | enforce, all good | deliver | RFC 8461 5", S, s -> s),
        trap(
            "F2 | enforce, the certificate is not valid | defer; fetch the policy again before giving up | RFC 8461 5.1",
            S,
            PolicyTraps::selfSigned),
        trap(
            "F3 | enforce, and the MX is not in the policy | not to that MX | RFC 8461 4.1",
            S,
            policy(PolicyTraps::withOtherHosts)),
        trap(
            "F4 | enforce, the first MX is not in the policy, the second is | deliver to the second | RFC 8461 4.1",
            S,
            s -> two(s).withPolicyChange(p -> p.withPatterns("mx2.{site}"))),
        trap(
            "F5 | *.mx in the policy, a.b.mx in the MX | defer: one label only | RFC 8461 4.1",
            S,
            s ->
                s.withHosts(s.host().named("a.b.mx"))
                    .withPolicyChange(p -> p.withPatterns("*.mx.{site}"))),
        trap(
            "F6 | testing, the certificate is not valid | deliver, report | RFC 8461 5",
            T,
            PolicyTraps::selfSigned),
        trap(
            "F7 | mode none, the certificate is not valid | deliver | RFC 8461 5",
            S,
            s -> selfSigned(s).withPolicyChange(p -> p.withMode("none"))),
        trap(
            "F8a | the policy host's certificate expired | " + NOT_OBTAINED + " | RFC 8461 3.3",
            S,
            invalidPolicy(p -> p.certified(l -> l.with(CertificateSpec.CertificateValidity.PAST)))),
        trap(
            "F8b | the policy host's certificate is self-signed | "
                + NOT_OBTAINED
                + " | RFC 8461 3.3",
            S,
            invalidPolicy(p -> p.certified(l -> l.with(CertificateSpec.CertificateIssuer.SELF)))),
        trap(
            "F8c | the policy host's certificate has another name | "
                + NOT_OBTAINED
                + " | RFC 8461 3.3",
            S,
            invalidPolicy(p -> p.certified(l -> l.withNames("elsewhere.invalid")))),
        trap(
            "F8d | enforce was seen; then a new id, the policy host's certificate expired, STARTTLS stripped | the cached policy still applies: no plaintext | RFC 8461 3.3",
            S,
            s ->
                s.withSmtp(h -> h.with(SmtpBehaviour.RcptBehaviour.DEFER))
                    .later(PolicyTraps::withoutCertificate)),
        trap(
            "F9 | the policy host redirects | " + NOT_OBTAINED + " | RFC 8461 3.3",
            S,
            invalidPolicy(p -> p.with(StsPublication.PolicyHostBehaviour.REDIRECT))),
        trap(
            "F10a | the policy host replies 404 | " + NOT_OBTAINED + " | RFC 8461 3.3",
            S,
            invalidPolicy(p -> p.with(StsPublication.PolicyHostBehaviour.NOT_FOUND))),
        trap(
            "F10b | the policy host replies 500 | " + NOT_OBTAINED + " | RFC 8461 3.3",
            S,
            invalidPolicy(p -> p.with(StsPublication.PolicyHostBehaviour.BROKEN))),
        trap(
            "F11 | the media type of the policy is text/html | " + NOT_OBTAINED + " | RFC 8461 3.2",
            S,
            invalidPolicy(p -> p.with(StsPublication.PolicyHostBehaviour.WRONG_TYPE))),
        trap(
            "F12 | the policy has more than 64 KB | a limit is advised; recorded | RFC 8461 3.3",
            S,
            invalidPolicy(p -> p.with(StsPublication.PolicyHostBehaviour.TOO_LARGE))),
        trap(
            "F13 | the policy takes two minutes | a limit is advised; recorded | RFC 8461 3.3",
            S,
            invalidPolicy(p -> p.with(StsPublication.PolicyHostBehaviour.SLOW))),
        trap(
            "F14 | two TXT records | " + NOT_OBTAINED + " | RFC 8461 3.1",
            S,
            invalidPolicy(p -> p.withTxt("v=STSv1; id=1;", "v=STSv1; id=2;"))),
        trap(
            "F15a | unknown fields in the policy | apply it: defer | RFC 8461 3.2",
            S,
            policy(p -> withOtherHosts(p).withBody(t -> t + "x_unknown: yes\r\n"))),
        trap(
            "F15b | the policy's lines end in LF | apply it: defer | RFC 8461 3.2",
            S,
            policy(p -> withOtherHosts(p).withBody(t -> t.replace("\r\n", "\n")))),
        trap(
            "F16a | max_age 0 | recorded | RFC 8461 3.2",
            S,
            policy(p -> withOtherHosts(p).withMaxAge("0"))),
        trap(
            "F16b | max_age 31557601 | recorded | RFC 8461 3.2",
            S,
            policy(p -> withOtherHosts(p).withMaxAge("31557601"))),
        trap(
            "F17 | enforce was seen; then TXT gone, policy host down, STARTTLS stripped | no plaintext until max_age | RFC 8461 10.1",
            S,
            s ->
                s.withSmtp(h -> h.with(SmtpBehaviour.RcptBehaviour.DEFER))
                    .later(PolicyTraps::attacked)),
        trap(
            "F18 | the id changes, the MX moves | fetch again, deliver | RFC 8461 3.1",
            S,
            PolicyTraps::moving),
        trap(
            "F19 | STARTTLS stripped at the first contact | recorded: time of the policy fetch | RFC 8461 10.2",
            S,
            s -> s.withSmtp(h -> h.withOffer(""))));
  }

  private static Site attacked(Site site) {
    return site.withSmtp(h -> h.with(SmtpBehaviour.RcptBehaviour.ACCEPT).withOffer(""))
        .withPolicyChange(p -> p.withTxt().with(StsPublication.PolicyHostBehaviour.DOWN));
  }

  private static Site withoutCertificate(Site site) {
    return site.withSmtp(h -> h.with(SmtpBehaviour.RcptBehaviour.ACCEPT).withOffer(""))
        .withPolicyChange(
            p ->
                p.withTxt("v=STSv1; id=2;")
                    .certified(l -> l.with(CertificateSpec.CertificateValidity.PAST)));
  }

  private static Site moving(Site site) {
    TrapHost before = site.host().withSmtp(h -> h.with(SmtpBehaviour.RcptBehaviour.DEFER));
    return site.withHosts(before.named("mx1").at(10), site.host().named("mx2").unlisted())
        .withPolicyChange(p -> p.withPatterns("mx1.{site}"))
        .later(
            s ->
                s.withHosts(s.hosts().getFirst().unlisted(), s.hosts().getLast().at(10))
                    .withPolicyChange(p -> p.withPatterns("mx2.{site}").withTxt("v=STSv1; id=2;")));
  }
}
