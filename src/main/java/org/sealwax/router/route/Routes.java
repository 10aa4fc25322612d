package org.sealwax.router.route;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.AddressLiteral;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.DomainPattern;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.router.queue.NextHop;
import org.sealwax.router.queue.Routing;
import org.sealwax.router.queue.Target;

/**
 * The transport rows: an exact row before a relay domain's own next hop before the longest parent
 * before {@code *}; what no row covers goes by MX. Immutable.
 */
public final class Routes implements Routing {
  /** The route name of mail to an address literal that no row covers: without credentials. */
  public static final String LITERAL = "literal";

  private record Row(String name, Hop hop) {}

  private final Map<Domain, Row> exact = new HashMap<>();
  private final Map<Domain, Row> below = new HashMap<>();
  private final @Nullable Row any;
  private final @Nullable Mailbox postmaster;

  /** From the settings' routes and relay domains. */
  public Routes(ForwardSettings settings) {
    Row all = null;
    for (ForwardSettings.Route route : settings.routes()) {
      Row row = new Row(route.name(), route.hop());
      switch (route.pattern()) {
        case DomainPattern.Exact e -> exact.put(e.domain(), row);
        case DomainPattern.Below b -> below.put(b.parent(), row);
        case DomainPattern.Any a -> all = row;
      }
    }
    for (ForwardSettings.RelayDomain relay : settings.relayDomains()) {
      if (relay.nextHop() != null) {
        exact.put(relay.domain(), new Row(relay.domain().name(), relay.nextHop()));
      }
    }
    any = all;
    postmaster = postmaster(settings);
  }

  /**
   * To whom mail goes that was taken while nobody was named; null while nobody is, or where the
   * address is an alias of ours: {@link PostmasterDesk} follows it then.
   */
  static @Nullable Mailbox postmaster(ForwardSettings settings) {
    Mailbox named = settings.postmaster();
    if (named != null) {
      for (ForwardSettings.AliasDomain row : settings.aliasDomains()) {
        if (row.domain().equals(named.domain())) {
          return null;
        }
      }
    }
    return named;
  }

  @Override
  public NextHop nextHopFor(Target target) {
    return switch (target) {
      case Target.Command command -> new NextHop.Pipe(command.pipe());
      case Target.Reports reports -> new NextHop.Reports();
      case Target.Postmaster p ->
          postmaster == null ? new NextHop.Nobody() : nextHopFor(new Target.Remote(postmaster));
      case Target.Remote remote ->
          switch (remote.mailbox().domain()) {
            case Domain domain -> toward(domain);
            case AddressLiteral literal ->
                any != null && any.hop() instanceof Hop.Host host
                    ? new NextHop.Fixed(host.host(), host.port(), any.name())
                    : new NextHop.Fixed(literal, Hop.SMTP, LITERAL);
          };
    };
  }

  private NextHop toward(Domain domain) {
    Row row = rowFor(domain);
    if (row == null) {
      return new NextHop.ByMx(domain);
    }
    return switch (row.hop()) {
      case Hop.Host host -> new NextHop.Fixed(host.host(), host.port(), row.name());
      case Hop.Command command -> new NextHop.Pipe(command.pipe());
      case Hop.Mx mx -> new NextHop.ByMx(domain);
    };
  }

  private @Nullable Row rowFor(Domain domain) {
    Row row = exact.get(domain);
    if (row != null || below.isEmpty()) {
      return row == null ? any : row;
    }
    Optional<Domain> parent = domain.parent();
    while (row == null && parent.isPresent()) {
      row = below.get(parent.get());
      parent = parent.get().parent();
    }
    return row == null ? any : row;
  }
}
