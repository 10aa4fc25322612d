package org.sealwax.mail.address;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;

/**
 * The public suffix list: under which names the public may register names of its own, so that two
 * names below one registrable domain belong to one organisation. Both parts of the list count, the
 * registries' and the private one: customers of a hosting service are separate organisations.
 * Immutable. (publicsuffix.org/list, "Formal Algorithm"; the bundled copy: docs/third-party.md.)
 */
public final class PublicSuffixList {
  /** Rules of one list: the real one has about ten thousand. */
  static final int MAX_RULES = 100_000;

  private final Set<String> exact = new HashSet<>();
  private final Set<String> wildcards = new HashSet<>();
  private final Set<String> exceptions = new HashSet<>();

  private PublicSuffixList() {}

  private static final class Bundled {
    static final PublicSuffixList LIST = load();

    private static PublicSuffixList load() {
      String name = "public_suffix_list.dat";
      try (InputStream in = PublicSuffixList.class.getResourceAsStream(name)) {
        if (in == null) {
          throw new IllegalStateException("missing from the program: " + name);
        }
        return read(new InputStreamReader(in, StandardCharsets.UTF_8));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  /** {@return the list that comes with the program; read at the first use} */
  public static PublicSuffixList bundled() {
    return Bundled.LIST;
  }

  /**
   * Reads a list. A rule that is not a domain name is ignored, as the algorithm specifies.
   *
   * @param list the list in its published form
   * @return the list
   * @throws IOException when reading fails, or there are more than {@link #MAX_RULES} rules
   */
  public static PublicSuffixList read(Reader list) throws IOException {
    PublicSuffixList out = new PublicSuffixList();
    BufferedReader lines = new BufferedReader(list);
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      String rule = line.strip().split("\\s", 2)[0];
      if (!rule.isEmpty() && !rule.startsWith("//")) {
        out.add(rule);
      }
    }
    return out;
  }

  private void add(String rule) throws IOException {
    if (exact.size() + wildcards.size() + exceptions.size() >= MAX_RULES) {
      throw new IOException("more than " + MAX_RULES + " rules");
    }
    if (rule.startsWith("!")) {
      add(exceptions, rule.substring(1));
    } else if (rule.startsWith("*.")) {
      add(wildcards, rule.substring(2));
    } else {
      add(exact, rule);
    }
  }

  private static void add(Set<String> kind, String name) {
    Domain.parse(name).ifPresent(domain -> kind.add(domain.name()));
  }

  /**
   * {@return the registrable domain of {@code domain}: its public suffix and one label more; empty
   * when the name is itself a public suffix} A top-level name that no rule knows counts as a
   * suffix.
   *
   * @param domain the domain
   */
  public Optional<Domain> registrable(Domain domain) {
    String name = domain.name();
    // The longest rule prevails, so the whole name is checked first; an exception has precedence
    // over all.
    String below = "";
    String at = name;
    while (true) {
      int dot = at.indexOf('.');
      if (exceptions.contains(at)) {
        return Optional.of(new Domain(at));
      }
      boolean suffix = exact.contains(at) || dot < 0 || wildcards.contains(at.substring(dot + 1));
      if (suffix) {
        return below.isEmpty() ? Optional.empty() : Optional.of(new Domain(below));
      }
      below = at;
      at = at.substring(dot + 1);
    }
  }

  /**
   * {@return whether both names belong to one organisation: equal, or below the same registrable
   * domain}
   *
   * @param a one name
   * @param b the other name
   */
  public boolean sameOrganisation(Domain a, Domain b) {
    return a.equals(b)
        || registrable(a).flatMap(ra -> registrable(b).filter(ra::equals)).isPresent();
  }
}
