package org.sealwax.mail.spf;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Cidr;
import org.sealwax.mail.spf.SpfMechanism.DualPrefix;
import org.sealwax.mail.spf.SpfRecord.SpfDirective;

/** Reads the terms of a record by the grammar of RFC 7208 section 12. For one record. */
final class SpfRecordParser {
  /** RFC 7208 12: name of a modifier. */
  private static final Pattern MODIFIER_NAME = Pattern.compile("[A-Za-z][A-Za-z0-9._-]*");

  /** Dual prefix lengths at the end of a term. */
  private static final Pattern PREFIXES = Pattern.compile("(?:/([0-9]{1,3}))?(?://([0-9]{1,3}))?$");

  private static final Pattern PREFIX = Pattern.compile("0|[1-9][0-9]{0,2}");

  private static final Pattern IPV4 =
      Pattern.compile("(?:(?:0|[1-9][0-9]{0,2})\\.){3}(?:0|[1-9][0-9]{0,2})");

  private static final Pattern IPV6 = Pattern.compile("[0-9A-Fa-f:.]{2,45}");

  private static final InetAddress ZERO = InetAddress.ofLiteral("::");

  private static final int IPV4_BITS = 32;
  private static final int IPV6_BITS = 128;

  private final List<SpfDirective> directives = new ArrayList<>();
  private @Nullable SpfMacroString redirect;
  private boolean isExplained;

  /**
   * @param terms what follows the version
   */
  SpfRecord parse(String terms) throws SpfException {
    for (String term : terms.split(" ", -1)) {
      if (!term.isEmpty()) {
        term(term);
      }
    }
    return new SpfRecord(directives, Optional.ofNullable(redirect));
  }

  private static SpfException error(String term) {
    return SpfException.permanent("syntax error in " + term);
  }

  private void term(String term) throws SpfException {
    int end = 0;
    while (end < term.length() && ":/=".indexOf(term.charAt(end)) < 0) {
      end++;
    }
    if (end < term.length() && term.charAt(end) == '=') {
      modifier(term, end);
    } else {
      directive(term, end);
    }
  }

  private void modifier(String term, int equals) throws SpfException {
    String name = term.substring(0, equals);
    String value = term.substring(equals + 1);
    if (!MODIFIER_NAME.matcher(name).matches()) {
      throw error(term);
    }
    switch (name.toLowerCase(Locale.ROOT)) {
      case "redirect" -> {
        if (redirect != null) {
          throw SpfException.permanent("more than one redirect");
        }
        redirect = SpfMacroString.domain(value);
      }
      case "exp" -> {
        if (isExplained) {
          throw SpfException.permanent("more than one exp");
        }
        isExplained = true;
        SpfMacroString.domain(value); // for its grammar: explanations are not fetched
      }
      default -> SpfMacroString.checkUnknownModifier(value);
    }
  }

  private void directive(String term, int nameEnd) throws SpfException {
    SpfResult result = qualifier(term.charAt(0));
    int start = result == null ? 0 : 1;
    String name = nameEnd < start ? "" : term.substring(start, nameEnd);
    Arguments arguments = new Arguments(term, nameEnd);
    SpfMechanism mechanism =
        switch (name.toLowerCase(Locale.ROOT)) {
          case "all" -> {
            if (nameEnd < term.length()) {
              throw error(term);
            }
            yield new SpfMechanism.All();
          }
          case "include" ->
              new SpfMechanism.Include(arguments.target().orElseThrow(() -> error(term)));
          case "exists" ->
              new SpfMechanism.Exists(arguments.target().orElseThrow(() -> error(term)));
          case "ptr" -> new SpfMechanism.ReverseNames(arguments.target());
          case "a" -> new SpfMechanism.Host(arguments.withoutPrefixes(), arguments.prefixes());
          case "mx" ->
              new SpfMechanism.MailExchanger(arguments.withoutPrefixes(), arguments.prefixes());
          case "ip4" -> new SpfMechanism.Network(arguments.ipv4());
          case "ip6" -> new SpfMechanism.Network(arguments.ipv6());
          default -> throw SpfException.permanent("unknown mechanism " + term);
        };
    directives.add(new SpfDirective(result == null ? SpfResult.PASS : result, mechanism, term));
  }

  private static @Nullable SpfResult qualifier(char c) {
    return switch (c) {
      case '+' -> SpfResult.PASS;
      case '-' -> SpfResult.FAIL;
      case '~' -> SpfResult.SOFTFAIL;
      case '?' -> SpfResult.NEUTRAL;
      default -> null;
    };
  }

  /** What follows the name of a mechanism. */
  private static final class Arguments {
    private final String term;
    private final String rest;
    private final Matcher prefixes;

    Arguments(String term, int nameEnd) {
      this.term = term;
      this.rest = term.substring(nameEnd);
      this.prefixes = PREFIXES.matcher(rest);
      if (!prefixes.find()) {
        throw new IllegalStateException("the pattern matches the empty end");
      }
    }

    /** What follows the colon; empty when nothing follows the name. */
    Optional<SpfMacroString> target() throws SpfException {
      return target(rest.length());
    }

    /** The same up to the lengths of prefixes. */
    Optional<SpfMacroString> withoutPrefixes() throws SpfException {
      return target(prefixes.start());
    }

    private Optional<SpfMacroString> target(int end) throws SpfException {
      if (end == 0) {
        return Optional.empty();
      }
      if (rest.charAt(0) != ':') {
        throw error(term);
      }
      return Optional.of(SpfMacroString.domain(rest.substring(1, end)));
    }

    DualPrefix prefixes() throws SpfException {
      return new DualPrefix(
          prefix(prefixes.group(1), IPV4_BITS), prefix(prefixes.group(2), IPV6_BITS));
    }

    /** The number of bits; all of them when there is no text. */
    private int prefix(@Nullable String text, int bits) throws SpfException {
      if (text == null) {
        return bits;
      }
      if (!PREFIX.matcher(text).matches() || Integer.parseInt(text) > bits) {
        throw SpfException.permanent("bad prefix length in " + term);
      }
      return Integer.parseInt(text);
    }

    Cidr ipv4() throws SpfException {
      return new Cidr(address(IPV4), prefix(afterSlash(), IPV4_BITS));
    }

    /**
     * An IPv4-mapped network is of this family (RFC 7208 5). It is the same network of IPv6 as that
     * of the address zero, or one without clients.
     */
    Cidr ipv6() throws SpfException {
      InetAddress read = address(IPV6);
      return new Cidr(read instanceof Inet4Address ? ZERO : read, prefix(afterSlash(), IPV6_BITS));
    }

    private InetAddress address(Pattern form) throws SpfException {
      int slash = rest.indexOf('/');
      String address = rest.substring(0, slash < 0 ? rest.length() : slash);
      if (!address.startsWith(":") || !form.matcher(address.substring(1)).matches()) {
        throw error(term);
      }
      try {
        return InetAddress.ofLiteral(address.substring(1));
      } catch (IllegalArgumentException e) {
        throw error(term);
      }
    }

    private @Nullable String afterSlash() {
      int slash = rest.indexOf('/');
      return slash < 0 ? null : rest.substring(slash + 1);
    }
  }
}
