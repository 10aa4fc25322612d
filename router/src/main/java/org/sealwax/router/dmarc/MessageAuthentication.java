package org.sealwax.router.dmarc;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.ReversePath;
import org.sealwax.mail.dkim.DkimResult;
import org.sealwax.mail.dkim.DkimStatus;
import org.sealwax.mail.dkim.DkimVerifier;
import org.sealwax.mail.dmarc.AuthenticatedIdentifier;
import org.sealwax.mail.dmarc.AuthenticatedIdentifier.Mechanism;
import org.sealwax.mail.dmarc.AuthenticationFacts;
import org.sealwax.mail.dmarc.AuthorDomain;
import org.sealwax.mail.dmarc.DmarcCheck;
import org.sealwax.mail.dmarc.DmarcPolicy;
import org.sealwax.mail.dmarc.DmarcResult;
import org.sealwax.mail.dmarc.DmarcVerdict;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.message.AuthenticationResults;
import org.sealwax.mail.message.AuthenticationResults.Method;
import org.sealwax.mail.message.AuthenticationResults.Property;
import org.sealwax.mail.message.AuthorField;
import org.sealwax.mail.message.HeaderSection;
import org.sealwax.mail.message.MessageSplitter;
import org.sealwax.mail.smtp.Reply;
import org.sealwax.mail.spf.SpfCheck;
import org.sealwax.mail.spf.SpfRequest;
import org.sealwax.mail.spf.SpfResult;
import org.sealwax.mail.spf.SpfSender;
import org.sealwax.mail.spf.SpfVerdict;
import org.sealwax.router.log.SenderCheckFields;

/**
 * The checks of one message, which is given to it as it came in. Keeps the header section and no
 * part of the body. One thread at a time.
 */
public final class MessageAuthentication implements MessageSplitter.MessageParts {
  /** Characters of a signature in {@code header.b} (RFC 6008: at least eight). */
  private static final int SIGNATURE_PREFIX = 8;

  private final SenderChecks checks;
  private final IncomingMail mail;
  private final InboundSettings settings;
  private final MessageSplitter splitter = new MessageSplitter(this);
  private @Nullable HeaderSection header;
  private @Nullable DkimVerifier verifier;

  MessageAuthentication(SenderChecks checks, IncomingMail mail, InboundSettings settings) {
    this.checks = checks;
    this.mail = mail;
    this.settings = settings;
  }

  /**
   * Takes the next bytes of the message.
   *
   * @param block holds the bytes
   * @param offset index of the first byte
   * @param length number of bytes
   */
  public void take(byte[] block, int offset, int length) {
    try {
      splitter.write(block, offset, length);
    } catch (IOException e) {
      throw new IllegalStateException("nothing is written", e);
    }
  }

  @Override
  public void header(HeaderSection section) {
    header = section;
    verifier =
        DkimVerifier.start(section, DkimVerifier.MAIL, mayBeAligned(author(section)), mail.at());
  }

  @Override
  public void body(byte[] block, int offset, int length) {
    DkimVerifier running = verifier;
    if (running != null) {
      running.body(block, offset, length);
    }
  }

  /** The message has ended: looks up what is missing, at most for the time limit, and decides. */
  public AuthenticationOutcome outcome() {
    try {
      splitter.close();
    } catch (IOException e) {
      throw new IllegalStateException("nothing is written", e);
    }
    return checks.outcome(this, settings.timeLimit());
  }

  /** The checks with this resolver. */
  AuthenticationOutcome checked(Resolver resolver) {
    HeaderSection section = header;
    DkimVerifier ended = verifier;
    if (section == null || ended == null) {
      throw new IllegalStateException("the message has not ended");
    }
    boolean relay = settings.isTrustedRelay(mail.client());
    SpfRequest request =
        new SpfRequest(mail.client(), SpfSender.of(mail.sender(), mail.hello()), mail.hello());
    Optional<SpfVerdict> spf =
        relay ? Optional.empty() : Optional.of(new SpfCheck(resolver).of(request));
    List<DkimResult> signatures = ended.results(resolver::txt);
    AuthorDomain author = author(section);
    DmarcVerdict dmarc = new DmarcCheck(resolver).of(author, facts(spf, signatures));
    DmarcEnforcement enforcement =
        DmarcEnforcement.of(
            settings.dmarc(), dmarc, ForwardingSigns.of(mail, section, signatures), relay);
    return outcome(author, spf, Optional.of(signatures), dmarc, enforcement);
  }

  /** No check has a result. */
  AuthenticationOutcome unchecked() {
    SpfVerdict spf = new SpfVerdict(SpfResult.TEMPERROR, Optional.empty(), "no answer");
    DmarcVerdict dmarc =
        new DmarcVerdict(
            DmarcResult.TEMPERROR,
            Optional.empty(),
            Optional.empty(),
            DmarcPolicy.NONE,
            Optional.empty(),
            "no answer");
    HeaderSection section = header;
    return outcome(
        section == null ? new AuthorDomain.Missing() : author(section),
        Optional.of(spf),
        Optional.empty(),
        dmarc,
        new DmarcEnforcement.Accept());
  }

  /**
   * Alignment is known only when records were looked up; an organizational domain has two labels or
   * more, so that aligned domains share two.
   */
  private static Predicate<Domain> mayBeAligned(AuthorDomain author) {
    return author instanceof AuthorDomain.Single(Domain from)
        ? signer -> DmarcCheck.shareTwoLabels(signer, from)
        : signer -> false;
  }

  private static AuthorDomain author(HeaderSection section) {
    return AuthorDomain.of(AuthorField.of(section));
  }

  private static AuthenticationFacts facts(Optional<SpfVerdict> spf, List<DkimResult> signatures) {
    List<AuthenticatedIdentifier> passed = new ArrayList<>();
    List<AuthenticatedIdentifier> undecided = new ArrayList<>();
    spf.ifPresent(
        verdict -> {
          List<AuthenticatedIdentifier> to =
              switch (verdict.result()) {
                case PASS -> passed;
                case TEMPERROR -> undecided;
                case NONE, NEUTRAL, FAIL, SOFTFAIL, PERMERROR -> new ArrayList<>(0);
              };
          verdict.domain().ifPresent(d -> to.add(new AuthenticatedIdentifier(Mechanism.SPF, d)));
        });
    for (DkimResult signature : signatures) {
      if (signature.domain().isEmpty()) {
        continue;
      }
      AuthenticatedIdentifier domain =
          new AuthenticatedIdentifier(Mechanism.DKIM, signature.domain().get());
      if (isWholePass(signature)) {
        passed.add(domain);
      } else if (signature.status() == DkimStatus.TEMPERROR) {
        undecided.add(domain);
      }
    }
    return new AuthenticationFacts(passed, undecided);
  }

  /** A signature that leaves a part of the body to others authenticates no message. */
  private static boolean isWholePass(DkimResult signature) {
    return signature.passes() && signature.changes() != DkimResult.Changes.BODY_CONTINUES;
  }

  private static String word(DkimResult signature) {
    return signature.passes() && !isWholePass(signature)
        ? DkimStatus.POLICY.word()
        : signature.status().word();
  }

  /**
   * @param verified results of the signatures; empty when they are not known
   */
  private AuthenticationOutcome outcome(
      AuthorDomain author,
      Optional<SpfVerdict> spf,
      Optional<List<DkimResult>> verified,
      DmarcVerdict dmarc,
      DmarcEnforcement enforcement) {
    AuthenticationResults results =
        new AuthenticationResults(settings.authservId(mail.host()).name());
    spf.ifPresent(
        verdict ->
            results
                .add(Method.SPF, verdict.result().text())
                .with(
                    mail.sender() instanceof ReversePath.Null
                        ? Property.SMTP_HELO
                        : Property.SMTP_MAILFROM,
                    verdict.domain().map(Domain::name).orElse("")));
    List<DkimResult> signatures = verified.orElse(List.of());
    String unsigned = verified.isPresent() ? "none" : DkimStatus.TEMPERROR.word();
    if (signatures.isEmpty()) {
      results.add(Method.DKIM, unsigned);
    }
    for (DkimResult signature : signatures) {
      String signed = signature.signature();
      results
          .add(Method.DKIM, word(signature))
          .with(Property.HEADER_D, signature.domain().map(Domain::name).orElse(""))
          .with(Property.HEADER_S, signature.selector().map(Domain::name).orElse(""))
          .with(
              Property.HEADER_B, signed.substring(0, Math.min(SIGNATURE_PREFIX, signed.length())));
    }
    String from = dmarc.author().map(Domain::name).orElse("");
    results.add(Method.DMARC, dmarc.result().text()).with(Property.HEADER_FROM, from);
    if (dmarc.policyDomain().isPresent()) {
      results.with(Property.POLICY_DMARC, dmarc.policy().text());
    }
    return new AuthenticationOutcome(
        results.field(),
        new SenderCheckFields(
            spf.map(v -> v.result().text()).orElse("none"),
            signatures.isEmpty()
                ? unsigned
                : signatures.stream()
                    .map(MessageAuthentication::word)
                    .distinct()
                    .collect(Collectors.joining(",")),
            dmarc.result().text(),
            from,
            dmarc.policyDomain().isPresent() ? dmarc.policy().text() : "",
            enforcement.text()),
        switch (dmarc.result()) {
          case PASS, NONE -> Optional.empty();
          case FAIL, PERMERROR -> Optional.of(new UnprovenAuthor(author, false));
          case TEMPERROR -> Optional.of(new UnprovenAuthor(author, true));
        },
        enforcement instanceof DmarcEnforcement.Refuse
            ? Optional.of(refusal(from, spf, signatures))
            : Optional.empty());
  }

  /** RFC 7372 3.4: 5.7.26 where both checks failed. */
  private static Reply refusal(String from, Optional<SpfVerdict> spf, List<DkimResult> signatures) {
    boolean both =
        spf.filter(v -> v.result() != SpfResult.PASS).isPresent()
            && signatures.stream().noneMatch(MessageAuthentication::isWholePass);
    return Reply.of(
        "550 " + (both ? "5.7.26" : "5.7.1") + " rejected by the DMARC policy of " + from);
  }
}
