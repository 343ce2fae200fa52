"""Every deliberate defect, in the order in which they are shown."""

from tests.soak import mutants, mutants_of_safeguards
from tests.soak.mutants import Mutant

__all__ = ["MUTANTS", "Mutant"]

MUTANTS = mutants.MUTANTS
assert mutants_of_safeguards.__doc__  # importing it is what puts its defects into the list
