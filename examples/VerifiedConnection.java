import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.client.ClientConnection;
import org.sealwax.mail.client.SmtpClient;
import org.sealwax.mail.dns.DnsSettings;
import org.sealwax.mail.dns.MxSet;
import org.sealwax.mail.net.SystemDialer;
import org.sealwax.mail.policy.Observation;
import org.sealwax.mail.policy.PolicySubject;
import org.sealwax.mail.policy.Requirement;

/**
 * Decides the TLS policy for one domain and makes one verified connection to its first MX host.
 * Sends no mail. Arguments: DOMAIN, and for a test network RESOLVER-PORT SMTP-PORT TRUST-ANCHOR.
 */
public final class VerifiedConnection {
  public static void main(String[] args) throws InterruptedException {
    Domain domain = Domain.of(args[0]);
    SmtpClient.Builder settings = SmtpClient.builder(Domain.of("client.example.org"));
    if (args.length == 4) {
      var resolver =
          new InetSocketAddress(InetAddress.getLoopbackAddress(), Integer.parseInt(args[1]));
      settings.dns(
          DnsSettings.defaults().withResolvers(List.of(resolver)).withAnchors(List.of(args[3])));
      settings.port(Integer.parseInt(args[2])).dialer(SystemDialer.trusted());
    }
    SmtpClient client = settings.build();
    if (!(client.hosts(domain) instanceof MxSet.Hosts hosts)) {
      System.out.println("no hosts: " + client.hosts(domain));
      return;
    }
    PolicySubject subject = client.subject(domain, hosts, hosts.targets().getFirst());
    Requirement requirement = client.requirement(subject, client.evidence(subject));
    System.out.println("host: " + subject.host() + ", MX " + hosts.security());
    System.out.println(
        "requirement: " + requirement.statedLevel().word() + ", because " + requirement.because());
    ClientConnection connection = client.connect(subject, requirement);
    if (connection.observation() instanceof Observation.Encrypted(var handshake)) {
      System.out.println(
          "verdict: " + handshake.verdict().text() + ", " + handshake.version().label());
    }
    System.out.println("decision: " + connection.decision());
    if (connection.session() != null) {
      connection.session().quit();
    }
  }
}
