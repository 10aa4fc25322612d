package org.sealwax.router.wiring;

import java.io.IOException;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.FailureText;
import org.sealwax.router.config.RouterSettings;
import org.sealwax.router.hosting.HostedDomainRow;
import org.sealwax.router.hosting.HostedState;
import org.sealwax.router.hosting.HostedStateFile;
import org.sealwax.router.hosting.HostingFacts;
import org.sealwax.router.hosting.HostingMachine;
import org.sealwax.router.hosting.MxChangeOrder;
import org.sealwax.router.hosting.MxChangeOrder.StepState;

/**
 * What {@code check} states about the policies that this server offers: the order of changes, as
 * the checked configuration and the DNS have it. Writes nothing.
 *
 * @param settings the checked ones
 * @param resolver of the domains' records
 * @param clock the machine's
 */
public record HostedPoliciesCheck(RouterSettings settings, Resolver resolver, Clock clock) {
  /**
   * One line.
   *
   * @param isWarning whether senders may fail to deliver
   * @param text in words
   */
  public record HostedFinding(boolean isWarning, String text) {
    @Override
    public String toString() {
      return (isWarning ? "warning" : "note") + ": [[mta_sts_host]] " + text;
    }
  }

  /** {@return what is to be done, and what is wrong} */
  public List<HostedFinding> findings() {
    List<HostedFinding> findings = new ArrayList<>();
    for (HostedDomainRow row : settings.hostedDomains()) {
      for (Domain domain : row.domains()) {
        try {
          of(row, domain).steps().stream()
              .filter(step -> step.state() != StepState.DONE)
              .map(
                  step ->
                      new HostedFinding(
                          step.state() == StepState.WARNING, domain + ": " + step.text()))
              .forEach(findings::add);
        } catch (IOException e) {
          findings.add(new HostedFinding(true, domain + ": " + FailureText.of(e)));
        }
      }
    }
    try {
      gone(findings);
    } catch (IOException e) {
      findings.add(new HostedFinding(true, FailureText.of(e)));
    }
    return findings;
  }

  /** Senders keep the policy of a domain that is not hosted any more (RFC 8461 8.3). */
  private void gone(List<HostedFinding> findings) throws IOException {
    for (Domain domain : HostedStateFile.domains(settings.server().state())) {
      Optional<HostedState> state = HostedStateFile.read(settings.server().state(), domain);
      boolean isKept =
          state
              .filter(s -> s.policies().stream().anyMatch(p -> p.announced().isPresent()))
              .filter(s -> s.removable().filter(at -> !clock.now().isBefore(at)).isEmpty())
              .isPresent();
      if (isKept && !HostedStatus.isHosted(settings, domain)) {
        findings.add(
            new HostedFinding(
                true,
                domain
                    + ": its policy was served by this server, and senders may keep it; serve it"
                    + " with mode = \"none\" first, or delete "
                    + HostedStateFile.FOLDER
                    + "/"
                    + domain
                    + ".json in the state folder when another server serves it"));
      }
    }
  }

  private MxChangeOrder of(HostedDomainRow row, Domain domain) throws IOException {
    HostedState stored =
        HostedStateFile.read(settings.server().state(), domain)
            .orElseGet(
                () ->
                    HostedState.initial(
                        domain,
                        clock.now(),
                        LocalDate.ofInstant(clock.civilTime(), ZoneOffset.UTC)));
    HostedState next =
        HostingMachine.next(
            stored,
            HostingFacts.lookUp(domain, row, settings.server().hostname(), resolver),
            new HostingMachine.HostingTime(clock.now(), clock.civilTime()));
    return MxChangeOrder.of(next, clock.now());
  }
}
